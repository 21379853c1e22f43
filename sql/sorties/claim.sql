-- Who takes which sortie: one pilot, one sortie, one token.

create function fleet_log.fits(s fleet_state.sorties, p fleet_state.pilots)
returns boolean
language sql immutable parallel safe as $$
    -- No pinned path, so that it is inlined.
    select (s.role is null or s.role = coalesce(p.role, '')) and s.capabilities <@ p.capabilities
$$;
comment on function fleet_log.fits is
    'True if a pilot has the role and the capabilities that a sortie wants. Example: select fleet_log.fits(s, p) from fleet_state.sorties s, fleet_state.pilots p';

create function fleet_log.best_ready(w fleet_log.work, p fleet_state.pilots, mission text, halted text[])
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    only_role text := w.args ->> 'role';
    only_able text[] := fleet_log.texts_of(nullif(w.args -> 'capabilities', 'null'));
begin
    -- Two walks along the index in claim order, each until the first that fits: of those for everybody, and of the role's.
    return (
        select x.sortie_id from (
            (select s.sortie_id, s.rank, s.created_seq from fleet_state.sorties s
              where s.project = w.project and s.ready and coalesce(s.role, '') = '' and only_role is null
                and s.capabilities <@ p.capabilities and only_able <@ s.capabilities
                and (mission is null or s.mission_id = mission)
                and (halted = '{}' or s.mission_id is null or s.mission_id <> all(halted))
              order by s.rank, s.created_seq limit 1)
            union all
            (select s.sortie_id, s.rank, s.created_seq from fleet_state.sorties s
              where s.project = w.project and s.ready and coalesce(s.role, '') = p.role
                and (only_role is null or only_role = p.role)
                and s.capabilities <@ p.capabilities and only_able <@ s.capabilities
                and (mission is null or s.mission_id = mission)
                and (halted = '{}' or s.mission_id is null or s.mission_id <> all(halted))
              order by s.rank, s.created_seq limit 1)) x
         order by x.rank, x.created_seq limit 1);
end $$;
comment on function fleet_log.best_ready is
    'The sortie that comes first for a pilot, or null. Example, in do_claim_sortie: id := fleet_log.best_ready(w, p, null, ''{}'')';

create function fleet_log.best_lapsed(w fleet_log.work, p fleet_state.pilots, mission text, halted text[])
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    only_role text := w.args ->> 'role';
    only_able text[] := fleet_log.texts_of(nullif(w.args -> 'capabilities', 'null'));
begin
    return (
        select s.sortie_id from fleet_state.sorties s
          left join lateral (select x.seen_at from fleet_live.pilots x
                              where x.project = s.project and x.callsign = s.pilot limit 1) l on true
         where s.project = w.project and s.state in ('assigned', 'in_progress', 'blocked') and s.mission_runs
           and fleet_log.fits(s, p) and (only_role is null or s.role = only_role) and only_able <@ s.capabilities
           and (mission is null or s.mission_id = mission)
           and (halted = '{}' or s.mission_id is null or s.mission_id <> all(halted))
           and fleet_log.sortie_lease_until(s, l.seen_at) <= w.at
         order by s.rank, s.created_seq limit 1);
end $$;
comment on function fleet_log.best_lapsed is
    'The first sortie whose lease has lapsed and that fits a pilot, or null. Example, in do_claim_sortie: id := fleet_log.best_lapsed(w, p, null, ''{}'')';

create function fleet_log.waiting_counts(w fleet_log.work, p fleet_state.pilots, mission text, halted text[])
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    spent constant text[] := fleet_log.budgeted_missions(w.project, w.at);
begin
    -- Of the first thousand in line: who asks often must not read all of a long queue each time.
    return (
        select jsonb_build_object('pending', count(*),
                   'running', (select count(*) from fleet_state.sorties r
                                where r.project = w.project and (mission is null or r.mission_id = mission)
                                  and r.state in ('assigned', 'in_progress', 'blocked', 'review')),
                   'ready_for_others', count(*) filter (where x.ready),
                   'reasons', jsonb_strip_nulls(jsonb_build_object(
                       'mission_not_started', nullif(count(*) filter (where not x.mission_runs), 0),
                       'dependencies', nullif(count(*) filter (where x.mission_runs and not x.ready
                                                                     and x.condition is null), 0),
                       'condition', nullif(count(*) filter (where x.mission_runs and not x.ready
                                                                  and x.condition is not null), 0),
                       'halted', nullif(count(*) filter (where x.ready and x.mission_id = any(halted)
                                                               and x.mission_id <> all(spent)), 0),
                       'budget', nullif(count(*) filter (where x.ready and x.mission_id = any(spent)), 0),
                       'role', nullif(count(*) filter (where x.ready and (x.mission_id = any(halted)) is not true
                                                             and x.role <> coalesce(p.role, '')), 0),
                       'capabilities', nullif(count(*) filter (where x.ready and (x.mission_id = any(halted)) is not true
                                                and (x.role <> coalesce(p.role, '')) is not true
                                                and not x.capabilities <@ p.capabilities), 0))))
          from (select s.* from fleet_state.sorties s
                 where s.project = w.project and s.state = 'pending' and (mission is null or s.mission_id = mission)
                 order by s.rank, s.created_seq limit 1000) x);
end $$;
comment on function fleet_log.waiting_counts is
    'What waits, and why none of it is for this pilot: the detail of nothing_ready. Example, in do_claim_sortie: fleet_log.waiting_counts(w, p, null, ''{}'')';

create function fleet_log.claim_problem(w fleet_log.work, p fleet_state.pilots, s fleet_state.sorties)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    until timestamptz;
begin
    if s.sortie_id is null then
        return fleet_log.sortie_problem(w, s, 'sortie_assigned');
    elsif not fleet_log.fits(s, p) then
        return fleet_log.refuse(w, 'forbidden', '/args/sortie_id', case when s.role <> coalesce(p.role, '')
            then format('it wants the role %s; %s has %s', s.role, p.callsign, coalesce(p.role, 'none'))
            else 'it wants capabilities that ' || p.callsign || ' lacks: ' || array_to_string(array(
                select c from unnest(s.capabilities) c where c <> all(p.capabilities)), ', ') end,
            'claim without an id takes the best that fits');
    elsif s.state = 'pending' and not s.ready then
        return fleet_log.refuse(w, 'transition_refused', '/args/sortie_id',
            'it is not ready: ' || fleet_log.why_not_ready(s), 'claim without an id takes the best that is',
            jsonb_build_object('found', 'pending', 'why_not', fleet_log.why_not_ready(s)));
    elsif s.state = 'pending' then
        return w;
    elsif s.token is null then
        return fleet_log.sortie_problem(w, s, 'sortie_assigned');
    end if;
    until := fleet_log.sortie_lease_until(s, (select l.seen_at from fleet_live.pilots l
                                               where l.project = s.project and l.callsign = s.pilot));
    if until <= w.at and s.mission_runs then
        return w;
    end if;
    return fleet_log.refuse(w, 'transition_refused', '/args/sortie_id',
        format('it is %s, %s has it', s.state, s.pilot) || coalesce(' until ' || fleet_log.json_time(until), ''),
        'claim without an id takes the best that is ready', jsonb_strip_nulls(jsonb_build_object(
            'found', s.state, 'pilot', s.pilot, 'lease_until', fleet_log.json_time(until))));
end $$;
comment on function fleet_log.claim_problem is
    'Refuses to claim a sortie that does not fit, is not ready, or is somebody''s whose lease runs. Example, in do_claim_sortie: w := fleet_log.claim_problem(w, p, s)';

create function fleet_log.do_claim_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    p fleet_state.pilots;
    s fleet_state.sorties;
    mission text := w.args ->> 'mission_id';
    halted text[];
    displaced text;
begin
    select * into p from fleet_state.pilots y where y.project = w.project and y.callsign = w.actor;
    if p.state is null or p.state = 'deregistered' then
        return fleet_log.refuse(w, 'not_found', '/actor', format('no pilot %s is registered in %s', w.actor, w.project),
                                format('fleet pilots register %s --program NAME --model NAME', w.actor));
    elsif p.state = 'stale' then
        return fleet_log.refuse(w, 'transition_refused', '/actor', w.actor || ' is stale: it gave no sign of life',
                                'fleet pilots beat or register brings it back', '{"found": "stale"}');
    end if;
    if w.args ->> 'sortie_id' is not null then
        s := fleet_log.find_sortie(w);
        w := fleet_log.claim_problem(w, p, s);
        if w.code is not null then
            return w;
        end if;
    else
        if mission is not null then
            mission := (fleet_log.find_mission(w)).mission_id;
            if mission is null then
                return fleet_log.mission_problem(w, null, 'mission_started');
            end if;
        end if;
        halted := fleet_log.closed_missions(w.project, w.at);
        select * into s from fleet_state.sorties y
         where y.sortie_id = coalesce(fleet_log.best_ready(w, p, mission, halted),
                                      fleet_log.best_lapsed(w, p, mission, halted));
        if s.sortie_id is null and fleet_log.switched('no_claim_check') then
            select * into s from fleet_state.sorties y where y.project = w.project and y.token is not null limit 1;
        end if;
        if s.sortie_id is null then
            return fleet_log.refuse(w, 'nothing_ready', '', 'no work is ready for ' || w.actor,
                'wait and ask again; fleet ready --all shows what waits, and why',
                fleet_log.waiting_counts(w, p, mission, halted));
        end if;
    end if;
    if s.token is not null and not fleet_log.switched('no_claim_check') then
        -- Its lease lapsed before the sweep came by.
        displaced := s.pilot;
        w := fleet_log.requeue_sorties(w, array[s.sortie_id], 'lease_expired', null);
        w := fleet_log.free_sortie_files(w, w.project, array[s.sortie_id], w.event_id);
    end if;
    w := fleet_log.put_sortie(w, s, 'sortie_assigned', jsonb_build_object(
        'pilot', w.actor, 'lease_seconds', coalesce((w.args ->> 'lease_seconds')::int, 900)));
    return fleet_log.answer_sortie(w, s.sortie_id, jsonb_build_object('displaced', displaced));
end $$;
comment on function fleet_log.do_claim_sortie is
    'Command claim_sortie: the one that is named, or the best that is ready and fits. Example: select * from fleet.claim_sortie(''demo'', ''viper-1'')';
