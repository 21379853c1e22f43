-- What a command names, and whether its actor may do that to it.

create function fleet_log.mission_id_of(project text, given text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if given is null or given ~ '^msn_.{26}$' then
        return given;
    end if;
    return fleet_log.id_by_part(project, given, 'missions', 'mission_id', 4);
end $$;
comment on function fleet_log.mission_id_of is
    'The id that a start or an end of it means; what is not clear stays as it is. Example: select fleet_log.mission_id_of(''demo'', ''x7k2pq'')';

create function fleet_log.sortie_id_of(project text, given text, mission_id text default null)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    ids text[];
begin
    if given is null or given ~ '^srt_.{26}$' then
        return given;
    end if;
    if mission_id is not null then
        ids := array(select s.sortie_id from fleet_state.sorties s
                      where s.mission_id = sortie_id_of.mission_id and s.name = given limit 2);
        if cardinality(ids) = 1 then
            return ids[1];
        end if;
    end if;
    return fleet_log.id_by_part(project, given, 'sorties', 'sortie_id', 4);
end $$;
comment on function fleet_log.sortie_id_of is
    'The id that a name in a mission, a start or an end means; what is not clear stays as it is. Example: select fleet_log.sortie_id_of(''demo'', ''tests'', ''msn_01…'')';

create function fleet_log.find_mission(w fleet_log.work, given text default null)
returns fleet_state.missions
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.missions;
begin
    select * into m from fleet_state.missions y
     where y.mission_id = fleet_log.mission_id_of(w.project, coalesce(given, w.args ->> 'mission_id'))
       and y.project = w.project;
    return m;
end $$;
comment on function fleet_log.find_mission is
    'The mission that a command names, or nulls. Example, in a command: m := fleet_log.find_mission(w)';

create function fleet_log.find_sortie(w fleet_log.work)
returns fleet_state.sorties
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties;
begin
    select * into s from fleet_state.sorties y
     where y.sortie_id = fleet_log.sortie_id_of(w.project, w.args ->> 'sortie_id') and y.project = w.project;
    return s;
end $$;
comment on function fleet_log.find_sortie is
    'The sortie that a command names, or nulls. Example, in a command: s := fleet_log.find_sortie(w)';

create function fleet_log.mission_problem(w fleet_log.work, m fleet_state.missions, event text, asked text default null)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if m.mission_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/mission_id', 'no mission ' || (w.args ->> 'mission_id'),
                                'fleet missions list shows them');
    end if;
    return fleet_log.check_transition(w, 'mission', m.state, event, asked);
end $$;
comment on function fleet_log.mission_problem is
    'Refuses a command on a mission that is not there or in a state without it. Example, in a command: w := fleet_log.mission_problem(w, m, ''mission_started'')';

create function fleet_log.sortie_problem(w fleet_log.work, s fleet_state.sorties, event text, asked text default null)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if s.sortie_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/sortie_id', 'no sortie ' || (w.args ->> 'sortie_id'),
                                'fleet sorties list shows them');
    end if;
    return fleet_log.check_transition(w, 'sortie', s.state, event, asked);
end $$;
comment on function fleet_log.sortie_problem is
    'Refuses a command on a sortie that is not there or in a state without it. Example, in a command: w := fleet_log.sortie_problem(w, s, ''sortie_cancelled'')';

create function fleet_log.holder_problem(w fleet_log.work, s fleet_state.sorties, event text, asked text default null)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if s.sortie_id is not null and w.fence is not null and (w.fence ->> 'kind' <> 'sortie'
       or fleet_log.sortie_id_of(w.project, w.fence ->> 'id') <> s.sortie_id) then
        return fleet_log.refuse(w, 'invalid_field', '/fence/id', 'the fence is not of this sortie');
    end if;
    if s.token is not null and s.pilot <> w.actor then
        return fleet_log.refuse(w, 'forbidden', '/args/sortie_id', 'this sortie is ' || s.pilot || '''s',
                                'only its pilot can do that; anybody may cancel it');
    elsif s.state = 'review' then
        return fleet_log.refuse(w, 'transition_refused', '', 'it is in review: it waits for a verdict',
            'fleet sorties review gives it', jsonb_build_object('found', s.state, 'asked', event, 'allowed', '[]'::jsonb));
    end if;
    return fleet_log.sortie_problem(w, s, event, asked);
end $$;
comment on function fleet_log.holder_problem is
    'sortie_problem for what only the sortie''s pilot may do. Example, in a command: w := fleet_log.holder_problem(w, s, ''sortie_progress'')';

create function fleet_log.sortie_fence_problem(project text, id text, token bigint)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties;
begin
    select * into s from fleet_state.sorties y
     where y.sortie_id = fleet_log.sortie_id_of(sortie_fence_problem.project, id);
    return case
        when s.project is distinct from sortie_fence_problem.project then 'there is no sortie ' || id
        when s.token = sortie_fence_problem.token then null
        when s.token is not null then format('%s is not the token of %s: %s has it', token, s.sortie_id, s.pilot)
        else format('the sortie %s is %s, nobody has it', s.sortie_id, s.state) end;
end $$;
comment on function fleet_log.sortie_fence_problem is
    'Why a sortie''s token is not valid, or null. Example: select fleet_log.sortie_fence_problem(''demo'', ''srt_01…'', 42)';

create function fleet_log.put_sortie(w fleet_log.work, s fleet_state.sorties, type text, data jsonb)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- A mission is followed by its id in correlation_id.
    return fleet_log.put(w, put_sortie.type, 'sortie', s.sortie_id, data, null, s.mission_id);
end $$;
comment on function fleet_log.put_sortie is
    'Writes an event of a sortie, correlated with its mission. Example, in a command: w := fleet_log.put_sortie(w, s, ''sortie_started'', data)';

create function fleet_log.put_mission(w fleet_log.work, id text, type text, data jsonb)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return fleet_log.put(w, put_mission.type, 'mission', id, data, null, id);
end $$;
comment on function fleet_log.put_mission is
    'Writes an event of a mission. Example, in a command: w := fleet_log.put_mission(w, m.mission_id, ''mission_started'', data)';

create function fleet_log.answer_sortie(w fleet_log.work, id text, more jsonb default '{}')
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    w.result := (select fleet_log.sortie_json(s, w.at) from fleet_state.sorties s where s.sortie_id = id)
                || jsonb_strip_nulls(more);
    return w;
end $$;
comment on function fleet_log.answer_sortie is
    'A sortie as it is now, as the command''s answer. Example, in a command: return fleet_log.answer_sortie(w, s.sortie_id)';

create function fleet_log.answer_mission(w fleet_log.work, id text, more jsonb default '{}')
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    w.result := (select fleet_log.mission_json(m, w.at) from fleet_state.missions m where m.mission_id = id) || more;
    return w;
end $$;
comment on function fleet_log.answer_mission is
    'A mission as it is now, as the command''s answer. Example, in a command: return fleet_log.answer_mission(w, m.mission_id)';
