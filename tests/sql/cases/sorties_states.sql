-- The state machine, driven by the table: every command in every state does what fleet_log.transitions says, and no more.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select is((select count(*) from fleet_log.transitions t where t.entity = 'sortie' and not exists (
    select from fleet_log.event_types y where y.type = t.event)), 0::bigint, 'every event of the machine is in the catalogue');

-- A fresh sortie in a state.
create function pg_temp.fresh(state text, called text) returns text language plpgsql as $$
begin
    perform run(make(called, case state when 'skipped' then after('{"dead": "success"}') else '{}' end));
    return case state
        when 'assigned' then steps(called, 'claim_sortie')
        when 'in_progress' then steps(called, 'claim_sortie', 'start_sortie')
        when 'blocked' then steps(called, 'claim_sortie', 'start_sortie', 'block')
        when 'review' then steps(called, 'claim_sortie', 'start_sortie', 'request_review')
        when 'completed' then steps(called, 'claim_sortie', 'start_sortie', 'complete_sortie')
        when 'failed' then steps(called, 'claim_sortie', 'start_sortie', 'fail_sortie')
        when 'cancelled' then steps(called, 'cancel_sortie')
        else 'ok' end;
end $$;
select does(make('dead'));
select does(job('cancel_sortie', 'dead'));

create temp table ops (op text, event text, args jsonb, held boolean);
insert into ops values
    ('claim_sortie', 'sortie_assigned', '{}', false), ('start_sortie', 'sortie_started', '{}', true),
    ('progress', 'sortie_progress', '{"percent": 10}', true), ('block', 'sortie_blocked', '{"reason": "r"}', true),
    ('unblock', 'sortie_unblocked', '{"resolution": "r"}', true), ('request_review', 'sortie_review_requested', '{}', true),
    ('complete_sortie', 'sortie_completed', '{}', true), ('fail_sortie', 'sortie_failed', '{"error": {"kind": "k", "message": "m"}}', true),
    ('return_sortie', 'sortie_requeued', '{}', true), ('review', 'review_completed', '{"verdict": "approved"}', false),
    ('retry_sortie', 'sortie_requeued', '{}', false), ('cancel_sortie', 'sortie_cancelled', '{}', false),
    ('update_sortie', 'sortie_updated', '{"title": "t"}', false);

-- What the pilot does needs its token, so in a state without one it is a stale token; in review it waits for the verdict.
create function pg_temp.attempt(state text, op text) returns text language plpgsql as $$
declare
    o record;
    called text := state || '_' || op;
    said text;
    before bigint;
begin
    select * into o from ops where ops.op = attempt.op;
    if pg_temp.fresh(state, called) <> 'ok' then
        return 'no scene';
    end if;
    before := (select max(seq) from fleet_log.events);
    said := run(job(op, called, o.args, case when op = 'review' then '{"actor": "raven-1"}' when op in ('retry_sortie') then '{"roles": ["operator"]}'
        when o.held and (select token is null from fleet_state.sorties where sortie_id = srt(called))
            then jsonb_build_object('fence', jsonb_build_object('kind', 'sortie', 'id', srt(called), 'token', 1)) else '{}' end::jsonb
        || case when op = 'claim_sortie' then '{"actor": "viper-1"}' else '{}' end::jsonb));
    if said = 'ok' and not exists (select from fleet_log.events e where e.seq > before and e.type = o.event) then
        return 'no event';
    elsif said <> 'ok' and exists (select from fleet_log.events e where e.seq > before) then
        return 'an event after a refusal';
    end if;
    return said;
end $$;

select is(pg_temp.attempt(s.state, o.op),
          case when o.held and s.state in ('pending', 'completed', 'failed', 'cancelled', 'skipped') then 'stale_token'
               when o.held and s.state = 'review' or o.op = 'retry_sortie' and s.state <> 'failed' then 'transition_refused'
               when exists (select from fleet_log.transitions t where t.entity = 'sortie' and t.from_state = s.state and t.event = o.event) then 'ok'
               else 'transition_refused' end,
          format('%s when %s', o.op, s.state))
  from unnest('{pending,assigned,in_progress,blocked,review,completed,failed,cancelled,skipped}'::text[]) with ordinality s(state, n), ops o
 order by s.n, o.op;

-- The same for a mission.
create function pg_temp.mission(state text) returns text language plpgsql as $$
declare
    id text := fleet.new_id('msn');
    called text := 's' || right(id, 10);
begin
    perform run(ask('create_mission', jsonb_build_object('mission_id', id, 'title', state, 'require_review', state = 'review', 'complete_by_itself', state = 'review')));
    if state = 'pending' then
        return id;
    elsif state = 'cancelled' then
        perform run(ask('cancel_mission', jsonb_build_object('mission_id', id)));
        return id;
    end if;
    perform run(ask('start_mission', jsonb_build_object('mission_id', id)));
    if state = 'review' then
        perform run(make(called, jsonb_build_object('mission_id', id)));
        perform steps(called, 'claim_sortie', 'start_sortie', 'complete_sortie');
    elsif state = 'failed' then
        perform run(ask('fail_mission', jsonb_build_object('mission_id', id, 'reason', 'r')));
    elsif state = 'completed' then
        perform run(ask('complete_mission', jsonb_build_object('mission_id', id)));
    end if;
    return id;
end $$;
create function pg_temp.attempt_mission(state text, op text, args jsonb) returns text language plpgsql as $$
declare
    id text := pg_temp.mission(state);
begin
    if (select m.state from fleet_state.missions m where m.mission_id = id) <> state then
        return 'no scene';
    end if;
    return run(ask(op, jsonb_build_object('mission_id', id) || args));
end $$;
select is(pg_temp.attempt_mission(s.state, o.op, o.args),
          case when o.op = 'complete_mission' and s.state = 'review' then 'transition_refused'
               when exists (select from fleet_log.transitions t where t.entity = 'mission' and t.from_state = s.state and t.event = o.event) then 'ok'
               else 'transition_refused' end,
          format('%s when %s', o.op, s.state))
  from unnest('{pending,in_progress,review,completed,failed,cancelled}'::text[]) with ordinality s(state, n),
       (values ('update_mission', 'mission_updated', '{"title": "x"}'::jsonb), ('start_mission', 'mission_started', '{}'), ('complete_mission', 'mission_completed', '{}'),
               ('fail_mission', 'mission_failed', '{"reason": "r"}'), ('cancel_mission', 'mission_cancelled', '{}'),
               ('review_mission', 'mission_review_completed', '{"verdict": "approved"}')) o(op, event, args)
 order by s.n, o.op;

-- Whatever was written above: no event stands in the log that the machine does not have.
create function pg_temp.next(entity text, state text, type text, data jsonb) returns text language sql as $$
    select t.to_state from fleet_log.transitions t
     where t.entity = next.entity and t.from_state = state and t.event = type
       and (type not in ('review_completed', 'mission_review_completed') or (t.to_state = 'in_progress') = (data ->> 'verdict' = 'needs_changes'))
$$;
create function pg_temp.unlawful() returns setof text language plpgsql as $$
declare
    e record;
    at text := 'none';
    id text;
begin
    for e in select * from fleet_log.events where stream_type in ('sortie', 'mission') order by stream_id, seq loop
        if e.stream_id is distinct from id then
            at := 'none';
            id := e.stream_id;
        end if;
        if pg_temp.next(e.stream_type, at, e.type, e.data) is null then
            return next e.stream_id || ': ' || e.type || ' while ' || at;
        end if;
        at := pg_temp.next(e.stream_type, at, e.type, e.data);
    end loop;
end $$;
select is_empty('select * from pg_temp.unlawful()', 'every event in the log is a transition of the machine');
select is_empty($$select * from fleet.verify_projections()$$, 'a replay gives the same');
select * from finish();
rollback;
