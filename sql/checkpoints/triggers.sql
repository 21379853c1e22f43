-- Checkpoints that take themselves: in the very command that makes them worth having, so that none is ever missed.

create function fleet_log.checkpoint_by_itself(w fleet_log.work, mission_id text, sortie_id text, trigger text, more jsonb)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    caller constant fleet_log.work := w;
begin
    if w.op in ('recover', 'restore_checkpoint') then
        return w;   -- what follows from a recovery is no news to it
    end if;
    w.actor := 'system';
    w := fleet_log.take_checkpoint(w, checkpoint_by_itself.mission_id, checkpoint_by_itself.sortie_id,
                                   checkpoint_by_itself.trigger, jsonb_strip_nulls(more));
    w.actor := caller.actor;
    w.event_id := caller.event_id;
    w.result := caller.result;
    return w;
end $$;
comment on function fleet_log.checkpoint_by_itself is
    'Takes a checkpoint as part of another command, which goes on as if nothing had been. Example, in tell_progress: w := fleet_log.checkpoint_by_itself(w, m.mission_id, null, ''progress'', ''{}'')';

create function fleet_log.taken_now(w fleet_log.work, s fleet_state.sorties)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    c fleet_state.checkpoints;
begin
    select * into c from fleet_state.checkpoints x
     where x.mission_id = s.mission_id and x.state <> 'deleted' order by x.event_seq desc limit 1;
    return case when c.created_at = w.at and c.last_seq > s.last_seq then to_jsonb(c.checkpoint_id) end;
end $$;
comment on function fleet_log.taken_now is
    'The checkpoint that a command about a sortie took, or null. Example, in do_progress: fleet_log.taken_now(w, s)';

create function fleet_log.checkpoint_error(w fleet_log.work, s fleet_state.sorties, error jsonb)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    many constant int := 500;
    whole boolean;
begin
    -- Before the attempt ends, so that it shows who was at work and with which files. Of a very large mission the sortie
    -- alone: failures come often there, and nobody else may write meanwhile.
    whole := s.mission_id is not null and (select count(*) from (select from fleet_state.sorties x
                                            where x.mission_id = s.mission_id limit many + 1) y) <= many;
    return fleet_log.checkpoint_by_itself(w, s.mission_id, case when not whole then s.sortie_id end, 'error',
        jsonb_build_object('pilot', s.pilot, 'notes', jsonb_build_object('error', error || jsonb_build_object(
            'failed', jsonb_build_array(format('%s: attempt %s of %s', s.title, s.attempt, s.max_attempts)),
            'sortie_id', s.sortie_id))));
end $$;
comment on function fleet_log.checkpoint_error is
    'Takes a checkpoint because an attempt at a sortie fails. Example, in fail_attempt: w := fleet_log.checkpoint_error(w, s, error)';

create function fleet_log.checkpoint_held(w fleet_log.work, project text, sorties text[], trigger text, error jsonb,
                                          causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    before constant text := w.project;
    subject record;
begin
    -- One a mission, however many of its sorties are concerned; no more than a hundred at once.
    for subject in
        select s.mission_id, case when s.mission_id is null then s.sortie_id end as sortie_id, min(s.pilot) as pilot,
               array_agg(distinct s.pilot order by s.pilot) as pilots,
               jsonb_agg(s.title || ' (' || s.pilot || ')' order by s.created_seq) as titles
          from unnest(sorties) id
         cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = id limit 1) s
         group by 1, 2 order by 1, 2 limit 100
    loop
        w.project := checkpoint_held.project;
        w := fleet_log.checkpoint_by_itself(w, subject.mission_id, subject.sortie_id, checkpoint_held.trigger,
            jsonb_build_object('causation_id', checkpoint_held.causation_id,
                'pilot', case when cardinality(subject.pilots) = 1 then subject.pilot end,
                'notes', case when error is not null then jsonb_build_object('error', error || jsonb_build_object(
                    'message', format(error ->> 'message', array_to_string(subject.pilots[1:10], ', ')),
                    'failed', jsonb_path_query_array(subject.titles, '$[0 to 49]'))) end));
    end loop;
    w.project := before;
    return w;
end $$;
comment on function fleet_log.checkpoint_held is
    'Takes a checkpoint of each mission that these sorties are pieces of, and of those of no mission. Example: see fleet_log.checkpoint_lost';

create function fleet_log.checkpoint_lost(w fleet_log.work, project text, callsigns text[], causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return fleet_log.checkpoint_held(w, checkpoint_lost.project, array(
            select s.sortie_id from fleet_state.sorties s
             where s.project = checkpoint_lost.project and s.pilot = any(callsigns)
               and s.state in ('assigned', 'in_progress', 'blocked') order by s.sortie_id),
        'error', '{"kind": "pilot_lost", "message": "%s gave no sign of life"}', checkpoint_lost.causation_id);
end $$;
comment on function fleet_log.checkpoint_lost is
    'Takes checkpoints because pilots were lost, before what they had goes back. Example, in drop_pilots: w := fleet_log.checkpoint_lost(w, project, callsigns, why)';

create function fleet_log.checkpoint_host(w fleet_log.work, host_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    key text;
begin
    for key in
        select distinct p.project collate "C" from fleet_state.pilots p
         where p.host = checkpoint_host.host_id and p.state in ('active', 'idle') order by 1
    loop
        w := fleet_log.checkpoint_held(w, key, array(
            select s.sortie_id from fleet_state.pilots p
             cross join lateral (select x.sortie_id from fleet_state.sorties x
                                  where x.project = p.project and x.pilot = p.callsign
                                    and x.state in ('assigned', 'in_progress', 'blocked') offset 0) s
             where p.project = key and p.host = checkpoint_host.host_id and p.state in ('active', 'idle')
             order by s.sortie_id), 'shutdown', null, null);
    end loop;
    return w;
end $$;
comment on function fleet_log.checkpoint_host is
    'Takes checkpoints of what the pilots of a host are at, because its daemon stops. Example, in do_host_leave: w := fleet_log.checkpoint_host(w, id)';
