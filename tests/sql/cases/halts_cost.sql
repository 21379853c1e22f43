-- What a halt costs those who are not halted: a look into an index that is empty.
begin;
set search_path = tap, public;
select plan(4);
select scene();
set local enable_seqscan = off;
create function pg_temp.nodes(query text) returns text[] language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return (select array_agg(distinct n #>> '{}') from jsonb_path_query(plan::jsonb, '$.**."Index Name"') n);
end $$;
insert into fleet_state.halts (halt_id, scope_kind, scope_id, project, halted, halted_at, version, last_seq)
select 'halt:pilot:demo:p' || i, 'pilot', 'p' || i, 'demo', false, now(), 2, i from generate_series(1, 5000) i;
select is(pg_temp.nodes('select from fleet_state.halts h where h.halted'), '{halts_now}', 'the index holds what is halted now');
select is(pg_temp.nodes($$select h.scope_id from fleet_state.halts h where h.halted and h.project = 'demo' and h.scope_kind = 'mission'$$), '{halts_now}', 'by project and kind');
select is(pg_temp.nodes('select from fleet_state.notification_rules r where r.state = ''enabled'''), '{notification_rules_enabled}', 'likewise the rules');
create temp table took as select null::numeric as us;
do $$
declare
    op text := 'reserve';
    began timestamptz := clock_timestamp();
begin
    -- As in fleet_log.perform.
    for i in 1..2000 loop
        if op in ('reserve', 'claim_sortie') and exists (select from fleet_state.halts h where h.halted) then
            raise exception 'nothing is halted';
        end if;
    end loop;
    update took set us = extract(epoch from clock_timestamp() - began) * 1e6 / 2000;
end $$;
-- Measured 2 µs; the bound leaves room for a busy machine.
select cmp_ok((select us from took), '<', 50::numeric, 'and it takes microseconds');
select diag('looking for a halt: ' || round(us, 1) || ' µs') from took;
select * from finish();
rollback;
