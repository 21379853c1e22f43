-- Halts: one row a scope, which every command that begins something looks at.

create view fleet_log.halt_items as
select h.halt_id, h.project, h.scope_kind, h.scope_id, case when h.halted then 'halted' else 'lifted' end as state,
       jsonb_strip_nulls(jsonb_build_object(
           'halt_id', h.halt_id, 'scope_kind', h.scope_kind, 'scope_id', nullif(h.scope_id, ''),
           'project', nullif(h.project, ''), 'status', case when h.halted then 'halted' else 'lifted' end,
           'reason', h.reason, 'by', h.halted_by, 'since', fleet_log.json_time(h.halted_at), 'lifted_by', h.lifted_by,
           'lifted_at', fleet_log.json_time(h.lifted_at), 'lift_reason', h.lift_reason,
           'stream_version', h.version, 'last_seq', h.last_seq)) as item
  from fleet_state.halts h;
comment on view fleet_log.halt_items is 'Halts as JSON.';
comment on column fleet_log.halt_items.item is 'The JSON object.';
comment on column fleet_log.halt_items.state is 'halted or lifted, to filter by.';

create function fleet_log.halt_words(h fleet_state.halts)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case h.scope_kind when 'fleet' then 'the fleet' when 'project' then 'the project ' || h.project
                             else 'the ' || h.scope_kind || ' ' || h.scope_id end;
end $$;
comment on function fleet_log.halt_words is
    'The scope of a halt in words. Example: select fleet_log.halt_words(h) from fleet_state.halts h';

create function fleet_log.halted_missions(project text)
returns text[]
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(select h.scope_id from fleet_state.halts h
                  where h.halted and h.project = halted_missions.project and h.scope_kind = 'mission');
end $$;
comment on function fleet_log.halted_missions is
    'Missions whose sorties nobody may claim now. Example: select fleet_log.halted_missions(''demo'')';

create function fleet_log.halt_of_mission(w fleet_log.work)
returns fleet_state.halts
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    missions text[] := fleet_log.halted_missions(w.project);
    given text := coalesce(w.args ->> 'mission_id', w.args ->> 'sortie_id');
    found fleet_state.halts;
    hit text;
begin
    if cardinality(missions) = 0 then
        return null;
    elsif w.args ->> 'mission_id' is not null then
        hit := (select m from unnest(missions) m where starts_with(m, given) or right(m, length(given)) = given limit 1);
    elsif given is not null then
        -- Ids may be given by their start or end; what is ambiguous is refused by the command itself.
        hit := (select s.mission_id from fleet_state.sorties s
                 where s.mission_id = any(missions)
                   and (s.sortie_id = given or starts_with(s.sortie_id, given) or right(s.sortie_id, length(given)) = given
                        or s.name = given) limit 1);
    elsif w.op = 'reserve' then
        -- Files are for the work at hand: whoever works for halted missions only takes no more of them.
        hit := (select case when bool_and(coalesce(s.mission_id = any(missions), false)) then max(s.mission_id) end
                  from fleet_state.sorties s
                 where s.project = w.project and s.pilot = w.actor and s.state in ('assigned', 'in_progress', 'blocked'));
    end if;
    select * into found from fleet_state.halts h
     where h.halted and h.project = w.project and h.scope_kind = 'mission' and h.scope_id = hit;
    return found;
end $$;
comment on function fleet_log.halt_of_mission is
    'The halt of the mission that a command is about, or nulls. Example, in a command: h := fleet_log.halt_of_mission(w)';

create function fleet_log.halt_problem(w fleet_log.work)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    h fleet_state.halts;
begin
    -- Asked only while anything at all is halted. The widest scope first: it is the one that has to be lifted first.
    select * into h from fleet_state.halts x
     where x.halted and ((x.project = '' and x.scope_kind = 'fleet')
        or (x.project = w.project and x.scope_kind = 'project')
        or (x.project = w.project and x.scope_kind = 'pilot' and x.scope_id = w.actor))
     order by case x.scope_kind when 'fleet' then 1 when 'project' then 2 else 3 end limit 1;
    if h.halt_id is null then
        h := fleet_log.halt_of_mission(w);
    end if;
    if h.halt_id is null then
        return w;
    end if;
    return fleet_log.refuse(w, 'halted', '', format('%s is halted by %s since %s: %s', fleet_log.halt_words(h), h.halted_by,
                                fleet_log.json_time(h.halted_at), h.reason),
        'finish or release what you have; an operator lifts it: fleet halt --lift --'
            || trim(h.scope_kind || ' ' || h.scope_id),
        jsonb_build_object('halt_id', h.halt_id, 'scope_kind', h.scope_kind, 'scope_id', nullif(h.scope_id, ''),
            'project', nullif(h.project, ''), 'by', h.halted_by, 'since', fleet_log.json_time(h.halted_at),
            'reason', h.reason));
end $$;
comment on function fleet_log.halt_problem is
    'Refuses what begins something in a halted scope. Example, in perform: w := fleet_log.halt_problem(w)';

create function fleet_log.halt_scope(w fleet_log.work)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    kind text := w.args ->> 'scope_kind';
    id text := w.args ->> 'scope_id';
    key text := w.project;
    at text := '/args/scope_id';
    ids text[];
begin
    -- {scope, halt_id}, or {code, field, message, hint}.
    if kind = 'fleet' then
        if id is not null then
            return jsonb_build_object('code', 'invalid_field', 'field', at, 'message', 'the fleet has no id: leave it out');
        end if;
        return '{"halt_id": "halt:fleet", "scope": {"kind": "fleet"}}';
    elsif kind = 'mission' and id is not null then
        ids := array(select m.mission_id from fleet_state.missions m
                      where (m.mission_id = id or (m.project = key and (starts_with(m.mission_id, id)
                                                                        or right(m.mission_id, length(id)) = id))) limit 2);
        if cardinality(ids) <> 1 then
            return jsonb_build_object('code', 'not_found', 'field', at, 'hint', 'fleet missions list',
                'message', case when cardinality(ids) = 0 then 'no mission ' else 'several missions match ' end || id);
        end if;
        id := ids[1];
        key := (select m.project from fleet_state.missions m where m.mission_id = id);
        return jsonb_build_object('halt_id', 'halt:mission:' || id, 'scope', jsonb_build_object(
            'kind', kind, 'project', key, 'id', id));
    elsif kind = 'project' then
        key := coalesce(id, key);
        if not exists (select from fleet_state.projects p where p.project = key) then
            return jsonb_build_object('code', 'not_found', 'field', at, 'message', 'no project ' || key,
                                      'hint', 'fleet init registers it');
        end if;
        return jsonb_build_object('halt_id', 'halt:project:' || key,
                                  'scope', jsonb_build_object('kind', kind, 'project', key));
    elsif id is null then
        return jsonb_build_object('code', 'invalid_field', 'field', at, 'message', format('is missing; say which %s', kind));
    elsif not exists (select from fleet_state.pilots p where p.project = key and p.callsign = id) then
        return jsonb_build_object('code', 'not_found', 'field', at, 'hint', 'fleet pilots list',
                                  'message', format('no pilot %s in the project %s', id, key));
    end if;
    return jsonb_build_object('halt_id', format('halt:pilot:%s:%s', key, id), 'scope', jsonb_build_object(
        'kind', kind, 'project', key, 'id', id));
end $$;
comment on function fleet_log.halt_scope is
    'The scope that a command names, resolved, or what is wrong with it. Example, in a command: s := fleet_log.halt_scope(w)';

create function fleet_log.change_halt(w fleet_log.work, event text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    s jsonb := fleet_log.halt_scope(w);
    asked_in text := w.project;
    old fleet_state.halts;
begin
    if s ? 'code' then
        return fleet_log.refuse(w, s ->> 'code', s ->> 'field', s ->> 'message', s ->> 'hint');
    end if;
    select * into old from fleet_state.halts h where h.halt_id = s ->> 'halt_id';
    if old.halted and event = 'fleet_halted' and old.reason = w.args ->> 'reason' then
        w.result := (select i.item from fleet_log.halt_items i where i.halt_id = old.halt_id);   -- nothing is new
        return w;
    end if;
    if event = 'fleet_resumed' and old.halted is not true then
        old.project := s #>> '{scope,project}';
        old.scope_kind := s #>> '{scope,kind}';
        old.scope_id := s #>> '{scope,id}';
        return fleet_log.refuse(w, 'transition_refused', '', fleet_log.halt_words(old) || ' is not halted',
                                'fleet halt list shows what is',
                                jsonb_build_object('found', case when old.halt_id is null then 'none' else 'lifted' end,
                                                   'asked', event));
    end if;
    w := fleet_log.check_transition(w, 'halt', case when old.halt_id is null then 'none' when old.halted then 'halted'
                                                    else 'lifted' end, event);
    if w.code is not null then
        return w;
    end if;
    w.project := coalesce(s #>> '{scope,project}', '');
    w := fleet_log.put(w, event, 'halt', s ->> 'halt_id', jsonb_build_object(
        'by', w.actor, 'reason', nullif(w.args ->> 'reason', ''), 'scope', s -> 'scope'));
    w.project := asked_in;
    w.result := (select i.item from fleet_log.halt_items i where i.halt_id = s ->> 'halt_id');
    return w;
end $$;
comment on function fleet_log.change_halt is
    'Halts or resumes the scope that a command names. Example, in a command: return fleet_log.change_halt(w, ''fleet_halted'')';

create function fleet_log.do_halt(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return fleet_log.change_halt(w, 'fleet_halted');
end $$;
comment on function fleet_log.do_halt is
    'Command halt, of operators. Example: select * from fleet.halt(''project'', ''demo'', ''the release branch is frozen'')';

create function fleet_log.do_lift_halt(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    answer jsonb;
    key text;
    cause text;
begin
    w := fleet_log.change_halt(w, 'fleet_resumed');
    if w.code is not null then
        return w;
    end if;
    -- Who was passed over in the line for files has them now.
    answer := w.result;
    cause := w.event_id;
    for key in
        select p.project from fleet_state.projects p
         where answer ->> 'project' is null or p.project = answer ->> 'project' order by p.project
    loop
        w := fleet_log.grant_waiters(w, key, null, cause);
    end loop;
    w.result := answer;
    return w;
end $$;
comment on function fleet_log.do_lift_halt is
    'Command lift_halt, of operators. Example: select * from fleet.lift_halt(''project'', ''demo'')';
