-- Making a sortie, and changing one.

create function fleet_log.resolve_dependencies(w fleet_log.work, given jsonb, mission_id text, self text)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    item jsonb;
    id text;
    mode text;
    found jsonb := '[]';
    seen text[] := '{}';
    place int := 0;
begin
    for item in select x from jsonb_array_elements(given) x loop
        mode := coalesce(item ->> 'mode', 'success');
        if item - '{id,mode}'::text[] <> '{}' then
            return fleet_log.refuse(w, 'unknown_field', '/args/depends_on/' || place, 'a dependency is {id, mode}');
        elsif jsonb_typeof(item -> 'id') is distinct from 'string' or length(item ->> 'id') not between 1 and 100 then
            return fleet_log.refuse(w, 'invalid_field', '/args/depends_on/' || place || '/id', 'must be the id of a sortie');
        elsif mode not in ('success', 'settled') then
            return fleet_log.refuse(w, 'invalid_field', '/args/depends_on/' || place || '/mode',
                                    'must be one of success, settled');
        end if;
        id := fleet_log.sortie_id_of(w.project, item ->> 'id', resolve_dependencies.mission_id);
        if not exists (select from fleet_state.sorties s where s.sortie_id = id and s.project = w.project) then
            return fleet_log.refuse(w, 'not_found', '/args/depends_on/' || place || '/id',
                                    'no sortie ' || (item ->> 'id') || ' to depend on', 'make it first; fleet sorties list shows them');
        elsif id = any(seen) then
            return fleet_log.refuse(w, 'invalid_field', '/args/depends_on/' || place || '/id', 'is there twice');
        end if;
        found := found || jsonb_build_object('id', id, 'mode', mode);
        seen := seen || id;
        place := place + 1;
    end loop;
    w.result := found;
    return fleet_log.cycle_problem(w, self, seen);
end $$;
comment on function fleet_log.resolve_dependencies is
    'Dependencies with whole ids, in w.result; or a refusal. Example, in a command: w := fleet_log.resolve_dependencies(w, w.args -> ''depends_on'', m.mission_id, id)';

create function fleet_log.cycle_problem(w fleet_log.work, self text, needs text[])
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    came_from jsonb := (select jsonb_object_agg(n, self) from unnest(needs) n);
    edge text[] := needs;
    step jsonb;
    way text[] := array[self];
begin
    -- Nobody can wait yet for one that is being made. Else outwards from what it would wait for, each sortie once: the
    -- way back is the shortest.
    if not exists (select from fleet_state.sortie_dependencies d where d.needs = self) and self <> all(needs) then
        return w;
    end if;
    while not came_from ? self and edge <> '{}' loop
        select jsonb_object_agg(x.needs, x.sortie_id) into step from (
            select distinct on (d.needs) d.needs, d.sortie_id from fleet_state.sortie_dependencies d
             where d.sortie_id = any(edge) and not came_from ? d.needs
             order by d.needs, d.sortie_id) x;
        came_from := came_from || coalesce(step, '{}');
        edge := array(select jsonb_object_keys(coalesce(step, '{}')));
    end loop;
    if came_from ? self then
        loop
            way := (came_from ->> way[1]) || way;
            exit when way[1] = self;
        end loop;
        return fleet_log.refuse(w, 'invalid_field', '/args/depends_on',
            'the dependencies would go round in a circle: ' || (
                select string_agg(fleet_log.sortie_label(s), ' needs ' order by u.n)
                  from unnest(way) with ordinality u(id, n)
                 cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = u.id limit 1) s),
            'take one of them out', jsonb_build_object('cycle', to_jsonb(way)));
    end if;
    return w;
end $$;
comment on function fleet_log.cycle_problem is
    'Refuses dependencies that lead back to the sortie; detail.cycle names the circle in order. Example, in a command: w := fleet_log.cycle_problem(w, id, ''{srt_01…}'')';

create function fleet_log.condition_refusal(w fleet_log.work, condition text, needs jsonb)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    known text[];
    problem jsonb;
begin
    if nullif(condition_refusal.condition, '') is null then
        return w;
    end if;
    known := array(select s.name from jsonb_array_elements(needs) d
                    cross join lateral (select x.name from fleet_state.sorties x where x.sortie_id = d ->> 'id' limit 1) s
                    where s.name is not null order by s.name);
    problem := fleet_log.condition_problem(condition_refusal.condition, known);
    if problem is not null then
        return fleet_log.refuse(w, 'invalid_field', '/args/condition', problem ->> 'message',
            case when known = '{}' then 'a condition looks at results of named sorties that this one depends on'
                 else 'it may name ' || array_to_string(known, ', ') end,
            jsonb_build_object('position', problem -> 'position', 'known', to_jsonb(known)));
    elsif cardinality(known) <> (select count(distinct k) from unnest(known) k) then
        return fleet_log.refuse(w, 'invalid_field', '/args/depends_on', 'two of them have the same name',
                                'a condition would not know which one is meant');
    end if;
    return w;
end $$;
comment on function fleet_log.condition_refusal is
    'Refuses a condition that cannot be read, or names what the sortie does not depend on. Example, in a command: w := fleet_log.condition_refusal(w, w.args ->> ''condition'', needs)';

create function fleet_log.sortie_args_problem(w fleet_log.work)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    problem text;
begin
    for place in 0 .. coalesce(jsonb_array_length(nullif(w.args -> 'files', 'null')), 0) - 1 loop
        problem := fleet_log.pattern_problem(fleet_log.pattern_canonical(w.args -> 'files' ->> place));
        if problem is not null then
            return fleet_log.refuse(w, 'invalid_field', '/args/files/' || place, 'the pattern ' || problem,
                                    'patterns are project-relative: literals, *, ?, and ** as a whole segment');
        end if;
    end loop;
    return w;
end $$;
comment on function fleet_log.sortie_args_problem is
    'Refuses files that are no patterns. Example, in a command: w := fleet_log.sortie_args_problem(w)';

create function fleet_log.sortie_files(args jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(fleet_log.pattern_canonical(f) order by n), '[]')
              from jsonb_array_elements_text(nullif(args -> 'files', 'null')) with ordinality x(f, n));
end $$;
comment on function fleet_log.sortie_files is
    'Patterns as they are kept. Example: select fleet_log.sortie_files(''{"files":["src/"]}'')';

create function fleet_log.do_create_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    id text := coalesce(w.args ->> 'sortie_id', fleet.new_id('srt'));
    called text := w.args ->> 'name';
    m fleet_state.missions;
    needs jsonb := '[]';
begin
    if exists (select from fleet_state.sorties s where s.sortie_id = id) then
        return fleet_log.refuse(w, 'version_conflict', '/args/sortie_id', 'this id is in use', 'draw a new id');
    end if;
    if w.args ->> 'mission_id' is not null then
        m := fleet_log.find_mission(w);
        if m.mission_id is null or m.state not in ('pending', 'in_progress') then
            return fleet_log.mission_problem(w, m, 'sortie_created');
        elsif exists (select from fleet_state.sorties s where s.mission_id = m.mission_id and s.name = called) then
            return fleet_log.refuse(w, 'invalid_field', '/args/name', 'the mission has a sortie ' || called || ' already');
        end if;
    end if;
    w := fleet_log.sortie_args_problem(w);
    if w.code is null and jsonb_typeof(w.args -> 'depends_on') = 'array' and w.args -> 'depends_on' <> '[]' then
        w := fleet_log.resolve_dependencies(w, w.args -> 'depends_on', m.mission_id, id);
        needs := w.result;
    end if;
    if w.code is null then
        w := fleet_log.condition_refusal(w, w.args ->> 'condition', needs);
    end if;
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'sortie_created', 'sortie', id, jsonb_build_object(
        'mission_id', m.mission_id, 'name', called, 'title', w.args -> 'title', 'description', w.args -> 'description',
        'priority', coalesce(w.args ->> 'priority', m.priority, 'medium'), 'files', fleet_log.sortie_files(w.args),
        'depends_on', needs, 'join', coalesce(w.args ->> 'join', 'all'), 'complexity', w.args -> 'complexity',
        'role', w.args -> 'role', 'capabilities', w.args -> 'capabilities',
        'estimated_minutes', w.args -> 'estimated_minutes', 'condition', w.args -> 'condition',
        'timeout_seconds', w.args -> 'timeout_seconds',
        'max_attempts', coalesce((w.args ->> 'max_attempts')::int, 1)), null, m.mission_id);
    if needs <> '[]' then
        -- What it waits for may have ended long ago.
        w := fleet_log.follow(w, '{}', array[id]);
    end if;
    return fleet_log.answer_sortie(w, id);
end $$;
comment on function fleet_log.do_create_sortie is
    'Command create_sortie. Example: select * from fleet.create_sortie(''demo'', ''viper-1'', ''Write the tests'', ''msn_01…'')';

create function fleet_log.do_update_sortie(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s fleet_state.sorties := fleet_log.find_sortie(w);
    changes jsonb := jsonb_strip_nulls(w.args - '{sortie_id,expected_version}'::text[]);
    needs jsonb;
    fixed text;
begin
    w := fleet_log.sortie_problem(w, s, 'sortie_updated');
    if w.code is null then
        w := fleet_log.version_problem(w, s.version);
    end if;
    if w.code is null then
        w := fleet_log.sortie_args_problem(w);
    end if;
    if w.code is not null then
        return w;
    end if;
    fixed := (select k from unnest('{depends_on,join,condition,role,capabilities}'::text[]) k where changes ? k limit 1);
    if s.state <> 'pending' and fixed is not null then
        return fleet_log.refuse(w, 'transition_refused', '/args/' || fixed,
            'it is ' || s.state || ': this can change only while it is pending', 'return it first',
            jsonb_build_object('found', s.state));
    end if;
    needs := (select coalesce(jsonb_agg(jsonb_build_object('id', d.needs, 'mode', d.mode) order by d.ord), '[]')
                from fleet_state.sortie_dependencies d where d.sortie_id = s.sortie_id);
    if changes ? 'depends_on' then
        w := fleet_log.resolve_dependencies(w, changes -> 'depends_on', s.mission_id, s.sortie_id);
        needs := w.result;
        changes := changes || jsonb_build_object('depends_on', needs);
    end if;
    if w.code is null then
        w := fleet_log.condition_refusal(w, coalesce(changes ->> 'condition', s.condition), needs);
    end if;
    if w.code is not null then
        return w;
    end if;
    if changes ? 'files' then
        changes := changes || jsonb_build_object('files', fleet_log.sortie_files(changes));
    end if;
    if changes <> '{}' then
        w := fleet_log.put_sortie(w, s, 'sortie_updated', jsonb_build_object('changes', changes));
        if changes ?| '{depends_on,join,condition}' then
            w := fleet_log.follow(w, '{}', array[s.sortie_id]);
        end if;
    end if;
    return fleet_log.answer_sortie(w, s.sortie_id);
end $$;
comment on function fleet_log.do_update_sortie is
    'Command update_sortie. Example: select * from fleet.act(''[{"op":"update_sortie","project":"demo","args":{"sortie_id":"srt_01…","priority":"high"}}]'')';
