-- Whatever is reported, in whatever order: the parts of every sum add up to the same total, the total is what an account that
-- is kept apart says, budgets count the same, and a replay gives it all again. Drawn from a seed; three of them.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array('{"op": "register_project", "args": {"key": "two"}}'::jsonb,
    ask('register_pilot', '{"callsign": "lynx-1", "program": "p", "model": "m", "role": "coder"}', '{"project": "two"}'),
    ask('register_pilot', '{"callsign": "owl-1", "program": "p", "model": "m", "role": "tester"}'),
    ask('create_mission', '{"title": "one"}'), ask('create_mission', '{"title": "two"}')));
create temp table sortie as select row_number() over () as n, m.mission_id, null::text as id from fleet_state.missions m;
select act((select jsonb_agg(ask('create_sortie', jsonb_build_object('title', 't', 'mission_id', s.mission_id)) order by n) from sortie s));
update sortie s set id = (answer(s.n::int)).result ->> 'sortie_id';
-- The account: what each call's fullest report said, its cost by whoever knew it best.
create table pg_temp.account (project text, call_id text, pilot text, model text, mission text, day date, n bigint[], paid bigint, price bigint,
                      primary key (project, call_id));

create function pg_temp.report(i int) returns void language plpgsql as $$
declare
    place text := case when random() < 0.2 then 'two' else 'demo' end;
    -- A third are of calls that are known already, most likely.
    id text := 'c' || floor(random() * 120);
    who text := case place when 'two' then 'lynx-1' else (array['viper-1', 'raven-1', 'owl-1'])[1 + floor(random() * 3)] end;
    what text := (array['gpt-5', 'openai/gpt-5-2025-08-07', 'own', 'mystery'])[1 + floor(random() * 4)];
    n bigint[] := array[floor(random() * 5000), floor(random() * 900), floor(random() * 20000) * (random() < 0.5)::int, floor(random() * 300)];
    paid bigint := case when random() < 0.3 then floor(random() * 90000) end;
    at timestamptz := timestamptz '2026-03-01 UTC' + random() * interval '9 days';
    piece record;
    a account;
begin
    select s.id, s.mission_id into piece from sortie s where place = 'demo' and random() < 0.4 limit 1;
    perform must(place, 'record_usage', who, jsonb_strip_nulls(jsonb_build_object('call_id', id, 'model', what, 'input_tokens', n[1], 'output_tokens', n[2],
        'cache_read_tokens', n[3], 'cache_write_tokens', n[4], 'cost_micros', paid, 'called_at', fleet_log.json_time(at), 'sortie_id', piece.id)));
    select * into a from account x where x.project = place and x.call_id = id;
    if a.call_id is null then
        insert into account values (place, id, who, what, piece.mission_id, (date_trunc('milliseconds', at) at time zone 'UTC')::date, n, paid,
            case when paid is null then fleet_log.call_cost(what, (at at time zone 'UTC')::date, n[1], n[2], n[3], n[4]) end);
        return;
    end if;
    if (select sum(v) from unnest(n) v) > (select sum(v) from unnest(a.n) v) then
        a.n := n;
        a.price := null;
    end if;
    a.paid := greatest(a.paid, paid);
    if a.paid is null and a.price is null then
        a.price := fleet_log.call_cost(a.model, a.day, a.n[1], a.n[2], a.n[3], a.n[4]);
    end if;
    update account x set n = a.n, paid = a.paid, price = a.price where x.project = place and x.call_id = id;
end $$;
create function pg_temp.sums(groups text, project text) returns jsonb language sql as $$
    -- The lines of a report, added here.
    select jsonb_build_object('calls', sum((l ->> 'calls')::numeric), 'tokens', sum((l ->> 'tokens')::numeric), 'cost', sum((l ->> 'cost_micros')::numeric),
               'unpriced', sum((l ->> 'unpriced_calls')::numeric))
      from fleet.show_usage(jsonb_strip_nulls(jsonb_build_object('by', groups, 'project', project))) r,
           jsonb_array_elements(r.item::jsonb -> 'items') l
$$;
create function pg_temp.total(project text, top int) returns jsonb language sql as $$
    select jsonb_build_object('calls', t -> 'calls', 'tokens', t -> 'tokens', 'cost', t -> 'cost_micros', 'unpriced', t -> 'unpriced_calls')
      from fleet.show_usage(jsonb_strip_nulls(jsonb_build_object('by', 'pilot,model,day', 'project', project, 'top', top))) r,
           lateral (select r.item::jsonb -> 'total' as t) x
$$;
create function pg_temp.accounted(place text) returns jsonb language sql as $$
    select jsonb_build_object('calls', count(*), 'tokens', sum((select sum(v) from unnest(a.n) v)), 'cost', sum(coalesce(a.paid, a.price)),
               'unpriced', count(*) filter (where coalesce(a.paid, a.price) is null))
      from account a where place is null or a.project = place
$$;

do $$
declare
    seed float;
begin
    foreach seed in array array[0.11, 0.42, 0.77] loop
        perform setseed(seed);
        for i in 1..150 loop
            -- Prices change while calls come in.
            if i % 40 = 0 then
                perform must(null, 'set_price', 'op', jsonb_build_object('model', 'own', 'valid_from', '2026-03-0' || 1 + floor(random() * 8),
                             'input_micros', floor(random() * 5000000), 'output_micros', floor(random() * 20000000)));
            end if;
            perform pg_temp.report(i);
        end loop;
    end loop;
end $$;
select cmp_ok((select count(*) from fleet_log.events where type = 'usage_recorded'), '<', 450::bigint, 'some reports said nothing new');
select cmp_ok((select count(*) from fleet_state.usage_calls where reports > 1), '>', 20::bigint, 'some said more');
select is(pg_temp.total(place, null), pg_temp.accounted(place), 'the total is the account''s: ' || coalesce(place, 'all'))
  from unnest(array['demo', 'two', null]) place;
select is(pg_temp.sums(groups, place), pg_temp.accounted(place), format('the lines by %s add up: %s', groups, coalesce(place, 'all')))
  from unnest(array['demo', 'two', null]) place, unnest(array['pilot', 'role', 'model', 'mission', 'day', 'project', 'pilot,model,mission,day,role']) groups;
select is(pg_temp.total('demo', 3), pg_temp.accounted('demo'), 'with the rest in one line, too');
select is((select jsonb_array_length(r.item::jsonb -> 'items') from fleet.show_usage('{"by": "day,pilot", "project": "demo", "top": 3}') r), 4, 'which is a line');
select is((select sum((r.item::jsonb #>> '{total,tokens}')::numeric)
             from (values ('2026-03-01', '2026-03-04'), ('2026-03-04', '2026-03-05T12:00:00Z'), ('2026-03-05T12:00:00Z', '2026-03-11')) v(since, until),
                  fleet.show_usage(jsonb_build_object('since', since, 'until', until)) r),
          (pg_temp.accounted(null) ->> 'tokens')::numeric, 'pieces of time add up');
-- Budgets that are set now, and those that were there before the calls, count alike.
select must('demo', 'set_budget', 'op', '{"scope_kind": "pilot", "scope_id": "raven-1", "limit_tokens": 9000000000}');
select must('demo', 'set_budget', 'op', jsonb_build_object('scope_kind', 'mission', 'scope_id', s.mission_id, 'limit_tokens', 9000000000)) from sortie s;
select must('demo', 'set_budget', 'op', '{"scope_kind": "project", "limit_micros": 900000000000}');
select setseed(0.5);
select count(pg_temp.report(i)) from generate_series(1, 150) i;
select is(b.used_tokens || ' ' || b.used_micros || ' ' || b.unpriced_calls, (
    select sum(a.n[1] + a.n[2] + a.n[4]) || ' ' || sum(coalesce(a.paid, a.price, 0)) || ' ' || count(*) filter (where coalesce(a.paid, a.price) is null)
      from account a where a.project = 'demo' and case b.scope_kind when 'pilot' then a.pilot = b.scope_id when 'mission' then a.mission = b.scope_id
                                                  else true end), 'the budget of the ' || b.scope_kind) from fleet_state.budgets b;
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'a replay gives the same');
select is((r.item::jsonb #> '{total,calls}'), (pg_temp.accounted(null) -> 'calls'), 'however long ago: ' || ago)
  from unnest(array['99999d', '9999w', '999999w']) ago, fleet.show_usage(jsonb_build_object('since', ago)) r;
-- Tables that were taken away and brought back are filled from the log; filled ones are left alone.
select is(fleet_log.fold_usage_anew(), false, 'what is there stays');
delete from fleet_state.usage_calls;
delete from fleet_state.budgets;
delete from fleet_state.prices;
select is(fleet_log.fold_usage_anew(), true, 'what is gone is folded');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'to the same');
select * from finish();
rollback;
