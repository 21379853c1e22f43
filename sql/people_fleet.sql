-- Wrappers for people at psql: halts, notification rules, trying a condition.

create function fleet.halt(scope_kind text, scope_id text, reason text, project text default null)
returns table (ok boolean, halt_id text, status text, since text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'halt_id', a.result ->> 'status', a.result ->> 'since', a.code, a.message, a.hint
      from fleet_log.ask('halt', $4, null, jsonb_build_object('scope_kind', $1, 'scope_id', $2, 'reason', $3)) a
$$;
comment on function fleet.halt is
    'Operators only: nothing is claimed, started or reserved in a fleet, project, mission or pilot. Example: select * from fleet.halt(''project'', ''demo'', ''the release branch is frozen'')';

create function fleet.lift_halt(
    scope_kind text, scope_id text default null, reason text default null, project text default null)
returns table (ok boolean, halt_id text, status text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'halt_id', a.result ->> 'status', a.code, a.message, a.hint
      from fleet_log.ask('lift_halt', $4, null, jsonb_build_object('scope_kind', $1, 'scope_id', $2, 'reason', $3)) a
$$;
comment on function fleet.lift_halt is
    'Operators only: lifts a halt. Example: select * from fleet.lift_halt(''project'', ''legacy'')';

create function fleet.set_notification_rule(
    name text, types text[], tells text[], importance text default null, subject text default null,
    project text default null, mission_id text default null, min_priority text default null, contains jsonb default null,
    escalate_after_seconds int default null, enabled boolean default true, body text default null)
returns table (ok boolean, name text, status text, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'name', a.result ->> 'status', a.code, a.field, a.message, a.hint
      from fleet_log.ask('set_notification_rule', null, null, jsonb_build_object('name', $1, 'to', $3, 'importance', $4,
               'subject', $5, 'escalate_after_seconds', $10, 'enabled', $11, 'body', $12,
               'on', jsonb_strip_nulls(jsonb_build_object('types', $2, 'project', $6, 'mission_id', $7,
                                                          'min_priority', $8, 'contains', $9)))) a
$$;
comment on function fleet.set_notification_rule is
    'Operators only: who is told of what. Example: select * from fleet.set_notification_rule(''stuck'', ''{sortie_failed,sortie_blocked}'', ''{role:lead,operator}'', ''high'', ''{title}: {reason}'')';

create function fleet.remove_notification_rule(name text, reason text default null)
returns table (ok boolean, name text, status text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'name', a.result ->> 'status', a.code, a.message, a.hint
      from fleet_log.ask('remove_notification_rule', null, null, jsonb_build_object('name', $1, 'reason', $2)) a
$$;
comment on function fleet.remove_notification_rule is
    'Operators only: removes a notification rule. Example: select * from fleet.remove_notification_rule(''stuck'')';

create function fleet.check_condition(condition text, results jsonb default null)
returns table (ok boolean, value boolean, reason text, "position" int)
language plpgsql immutable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    bad jsonb := fleet_log.condition_problem(condition,
        case when jsonb_typeof(results) = 'object' then array(select jsonb_object_keys(results)) end);
    said fleet_log.verdict;
begin
    ok := bad is null;
    reason := bad ->> 'message';
    "position" := (bad ->> 'position')::int;
    if ok and results is not null then
        said := fleet_log.condition_value(condition, results);
        value := said.value;
        reason := said.reason;
    end if;
    return next;
end $$;
comment on function fleet.check_condition is
    'Reads a condition, and says what it comes to. Example: select * from fleet.check_condition(''seo.score > 80'', ''{"seo": {"score": 81}}'')';
