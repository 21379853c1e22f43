-- Pilots: callsigns, coming back, status, what they can do, and how they are listed.
begin;
set search_path = tap, public;
select no_plan();
select scene();
create function pg_temp.pilot(callsign text, more jsonb default '{}', project text default 'demo') returns jsonb language sql as $$
    select jsonb_build_object('op', 'register_pilot', 'project', project, 'actor', coalesce(callsign, 'someone'), 'args',
        jsonb_strip_nulls(jsonb_build_object('callsign', callsign)) || '{"program": "codex", "model": "m"}' || more)
$$;
-- Callsigns.
select act((select jsonb_agg(pg_temp.pilot(null)) from generate_series(1, 40)));
select is((select count(distinct result ->> 'callsign') from answers where ok), 40::bigint, 'a callsign is drawn for who has none, each once, in one batch');
select is((select count(*) from answers where result ->> 'callsign' !~ '^[a-z]+-[1-9][0-9]*$'), 0::bigint, 'a word and a number');
select is((select count(*) from answers where result ->> 'callsign' in ('viper-1', 'raven-1')), 0::bigint, 'never one that somebody has');
select act(jsonb_build_array(pg_temp.pilot('viper-1'), pg_temp.pilot('Viper'), pg_temp.pilot('system'), pg_temp.pilot('operator'), pg_temp.pilot('fleet'), pg_temp.pilot('x-1', '{}', 'nope'), pg_temp.pilot('x-1', '{"capabilities": [""]}')));
select is((select array_agg(code || field order by ord) from answers), '{callsign_taken/args/callsign,invalid_field/args/callsign,invalid_field/args/callsign,invalid_field/args/callsign,invalid_field/args/callsign,not_found/project,invalid_field/args/capabilities}', 'what cannot be had is refused');
select is((answer(1)).detail ->> 'pilot_id', (select pilot_id from fleet.pilots where project = 'demo' and callsign = 'viper-1'), 'with who has it');

-- Coming back.
create temp table before as select pilot_id, version from fleet.pilots where callsign = 'viper-1';
select act(jsonb_build_array(pg_temp.pilot('viper-1', '{"resume": true, "model": "n"}')));
select is((answer(1)).result ->> 'pilot_id' || ((answer(1)).result ->> 'resumed'), (select pilot_id || 'true' from before), 'a live one resumes when it says so');
select act(jsonb_build_array(ask('send_message', '{"to": ["viper-1"], "subject": "s", "body": "b"}', '{"actor": "raven-1"}')));
update fleet_live.pilots set seen_at = seen_at - interval '301 seconds' where callsign = 'viper-1';
select act(jsonb_build_array(ask('sweep', '{}', '{"roles": ["operator"]}'), pg_temp.pilot('viper-1')));
select is((answer(2)).result ->> 'pilot_id' || ((answer(2)).result ->> 'resumed') || ((answer(2)).result ->> 'status'), (select pilot_id || 'trueactive' from before), 'a stale one comes back without asking');
select is((select count(*) from fleet_state.message_recipients where recipient = 'viper-1' and state = 'unread'), 1::bigint, 'to its mailbox');
select act(jsonb_build_array(ask('deregister_pilot'), pg_temp.pilot('viper-1')));
select is((answer(2)).result ->> 'pilot_id', (select pilot_id from before), 'so does one that had left');
select is((select state from fleet.beat('demo', 'viper-1')), 'active', 'a beat says how the fleet sees it');
select is((select state from fleet.beat('demo', 'nobody-1')), 'unknown', 'or that it does not');

-- Every pair of state and event, by the table.
create function pg_temp.moved(state text, event text, wanted text) returns text language plpgsql as $$
declare found text;
begin
    if state <> 'none' then perform act(jsonb_build_array(pg_temp.pilot('t-1'))); end if;
    if state = 'idle' then perform act(jsonb_build_array(ask('set_pilot_status', '{"to": "idle"}', '{"actor": "t-1"}')));
    elsif state = 'deregistered' then perform act(jsonb_build_array(ask('deregister_pilot', '{}', '{"actor": "t-1"}')));
    elsif state = 'stale' then
        update fleet_live.pilots set seen_at = seen_at - interval '301 seconds' where callsign = 't-1';
        perform act(jsonb_build_array(ask('sweep', '{}', '{"roles": ["operator"]}')));
    end if;
    case event
        when 'pilot_registered' then perform act(jsonb_build_array(pg_temp.pilot('t-1', '{"resume": true}')));
        when 'pilot_status_changed' then perform act(jsonb_build_array(ask('set_pilot_status', jsonb_build_object('to', wanted, 'current_sortie', 'srt_x'), '{"actor": "t-1"}')));
        when 'pilot_stale' then
            update fleet_live.pilots set seen_at = seen_at - interval '301 seconds' where callsign = 't-1';
            perform act(jsonb_build_array(ask('sweep', '{}', '{"roles": ["operator"]}')));
            found := case when (answer(1)).result -> 'stale' = '[]' then 'not swept' else 'stale' end;
        else perform act(jsonb_build_array(ask('deregister_pilot', '{}', '{"actor": "t-1"}')));
    end case;
    found := coalesce(found, (answer(1)).code, (answer(1)).result ->> 'status');
    raise exception 'back' using errcode = 'ZZ001';
exception when sqlstate 'ZZ001' then
    return found;
end $$;
select is(pg_temp.moved(s, e.event, e.wanted), coalesce((select t.to_state from fleet_log.transitions t where t.entity = 'pilot' and t.from_state = s and t.event = e.event and (e.wanted is null or t.to_state = e.wanted)),
          case when e.event = 'pilot_stale' then 'not swept' when s = 'none' then 'not_found' else 'transition_refused' end), concat_ws(' ', s, 'and', e.event, e.wanted))
  from unnest('{none,active,idle,stale,deregistered}'::text[]) s, (values ('pilot_registered', null), ('pilot_status_changed', 'active'), ('pilot_status_changed', 'idle'), ('pilot_stale', null), ('pilot_deregistered', null)) e(event, wanted);

-- Status and its version.
select act(jsonb_build_array(ask('set_pilot_status', '{"to": "active", "current_sortie": "srt_1", "expected_version": 1}', '{"actor": "raven-1"}'), ask('set_pilot_status', '{"to": "idle", "expected_version": 1}', '{"actor": "raven-1"}'),
    ask('set_pilot_status', '{"to": "idle", "expected_version": 2}', '{"actor": "raven-1"}'), ask('set_pilot_status', '{"to": "idle", "expected_version": 2}', '{"actor": "raven-1"}')));
select is((select array_agg(coalesce(code, result ->> 'status') order by ord) from answers), '{active,if_match_failed,idle,if_match_failed}', 'If-Match is compared in the transaction, even where nothing would change');
select is((answer(2)).detail, '{"version": 2}', 'and says the version there is');
select is((answer(1)).result ->> 'current_sortie', 'srt_1', 'what it works on is shown');

-- What it can do.
select act(jsonb_build_array(ask('change_capabilities', '{"added": ["sql", "cpp"], "evidence": "passed the course"}', '{"actor": "raven-1"}'), ask('change_capabilities', '{"added": ["sql"], "removed": ["cobol"]}', '{"actor": "raven-1"}'),
    ask('change_capabilities', '{"removed": ["cpp"]}', '{"actor": "raven-1"}'), ask('change_capabilities', '{"added": ["a"]}', '{"actor": "nobody-1"}')));
select is((answer(2)).seq, null, 'what is no news is not written');
select is((answer(4)).code, 'not_found', 'of somebody who is there');
select is((select jsonb_path_query_array(item::jsonb, '$.capability_history[*].evidence') || (item::jsonb #> '{capability_history,0,removed}') from fleet.show_pilot('{"project": "demo", "callsign": "raven-1"}')), '["passed the course", "cpp"]', 'the history says why');
select is((select item::jsonb -> 'holds' from fleet.show_pilot('{"project": "demo", "callsign": "raven-1"}')), '[]', 'and what it holds');
select is((select count(*) from fleet.show_pilot('{"project": "demo", "callsign": "none"}')), 0::bigint, 'nobody shows nothing');

-- Lists.
select act(jsonb_build_array(pg_temp.pilot('q-1', '{"role": "tester", "capabilities": ["a", "b"]}'), pg_temp.pilot('q-2', '{"role": "lead", "capabilities": ["a"]}'), pg_temp.pilot('q-3', '{"role": "lead"}')));
create function pg_temp.listed(filter jsonb) returns text[] language sql as $$
    select coalesce(array_agg(item::jsonb ->> 'callsign' order by cursor_key), '{}') from fleet.list_pilots('{"project": "demo"}' || filter)
$$;
select is(pg_temp.listed('{"role": "lead"}'), '{q-2,q-3}', 'by role');
select is(pg_temp.listed('{"role": "lead,tester", "capability": "a"}'), '{q-1,q-2}', 'by what they can do');
select is(pg_temp.listed('{"capability": "b, a"}'), '{q-1}', 'all of it');
select is(pg_temp.listed('{"status": "idle"}'), '{raven-1}', 'by status');
select is(pg_temp.listed('{"role": "lead", "after": "demo q-2"}'), '{q-3}', 'page by page');
select cmp_ok((select (item::jsonb ->> 'lease_until')::timestamptz - (item::jsonb ->> 'last_seen_at')::timestamptz from fleet.list_pilots('{"callsign": "q-1"}')), '=', interval '300 seconds', 'with the end of the lease');
select act(jsonb_build_array(ask('sweep', '{"stale_seconds": 60}', '{"roles": ["operator"]}')));
select cmp_ok((select lease_until - seen_at from fleet.pilots where callsign = 'q-1'), '=', interval '60 seconds', 'as the leader is set');
update fleet_live.pilots set seen_at = seen_at - interval '61 seconds' where callsign = 'q-1';
select is((select array_agg(name) from fleet.stale where name = 'q-1'), '{q-1}', 'who is late is seen before the sweep');
select cmp_ok((select (item::jsonb ->> 'silent_seconds')::int from fleet.list_pilots('{"callsign": "q-1"}')), '>=', 61, 'for how long');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'the projections are the fold of the log');
select * from finish();
rollback;
