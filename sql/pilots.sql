-- Commands of the family pilot.

create function fleet_log.pilot_json(project text, callsign text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select i.item from fleet_log.pilot_items i
             where i.project = pilot_json.project and i.callsign = pilot_json.callsign);
end $$;
comment on function fleet_log.pilot_json is
    'A pilot as commands and lists answer it. Example: select fleet_log.pilot_json(''demo'', ''viper-1'')';

create function fleet_log.free_callsign(project text)
returns text
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    words constant text[] := array['viper', 'falcon', 'raven', 'lynx', 'otter', 'heron', 'cobra', 'merlin',
                                   'osprey', 'puma', 'swift', 'kestrel', 'badger', 'condor', 'marlin', 'jackal'];
    word text := words[1 + floor(random() * cardinality(words))::int];
    n int := 1;
begin
    while exists (select from fleet_state.pilots p
                   where p.project = free_callsign.project and p.callsign = word || '-' || n) loop
        n := n + 1;
    end loop;
    return word || '-' || n;
end $$;
comment on function fleet_log.free_callsign is
    'A callsign nobody had in this project. Example: select fleet_log.free_callsign(''demo'')';

create function fleet_log.do_register_pilot(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name text := coalesce(w.args ->> 'callsign', fleet_log.free_callsign(w.project));
    old fleet_state.pilots;
begin
    if name in ('system', 'operator', 'fleet') then
        return fleet_log.refuse(w, 'invalid_field', '/args/callsign', name || ' is a name of the fleet itself',
                                'take another callsign');
    end if;
    select * into old from fleet_state.pilots p where p.project = w.project and p.callsign = name;
    if old.state in ('active', 'idle') and not coalesce((w.args ->> 'resume')::boolean, false) then
        return fleet_log.refuse(w, 'callsign_taken', '/args/callsign', name || ' is at work since '
            || fleet_log.json_time(old.changed_at), 'take another callsign, or resume if it is you',
            jsonb_build_object('pilot_id', old.pilot_id, 'host', old.host, 'state', old.state));
    end if;
    if old.pilot_id is null and exists (
        select from fleet_state.pilots p where p.pilot_id = w.args ->> 'pilot_id') then
        return fleet_log.refuse(w, 'version_conflict', '/args/pilot_id', 'this id is another pilot''s', 'draw a new id');
    end if;
    w := fleet_log.put(w, 'pilot_registered', 'pilot',
        coalesce(old.pilot_id, w.args ->> 'pilot_id', fleet.new_id('plt')),
        jsonb_build_object('callsign', name, 'program', w.args ->> 'program', 'model', w.args ->> 'model',
            'role', w.args ->> 'role', 'capabilities', (
                select coalesce(jsonb_agg(c.name order by c.name collate "C"), '[]') from (
                    select distinct x.name from jsonb_array_elements_text(
                        coalesce(nullif(w.args -> 'capabilities', 'null'), '[]')) x(name)) c),
            'task_description', w.args ->> 'task_description', 'host', coalesce(w.args ->> 'host', w.host)));
    insert into fleet_live.pilots as l (project, callsign, seen_at, token_hash)
    values (w.project, name, w.at, w.args ->> 'token_hash')
        on conflict on constraint pilots_pkey do update
       set seen_at = excluded.seen_at, token_hash = coalesce(excluded.token_hash, l.token_hash);
    -- Missions that stand still are offered to who comes: it may be the one they wait for.
    w.result := fleet_log.pilot_json(w.project, name) || jsonb_build_object('resumed', old.pilot_id is not null,
        'recovery', fleet_log.recovery_offers(w.project, w.at, fleet_log.recovery_idle()));
    return w;
end $$;
comment on function fleet_log.do_register_pilot is
    'Command register_pilot. Example: select * from fleet.register_pilot(''demo'', ''viper-1'', ''codex'', ''gpt-5'')';

create function fleet_log.find_pilot(w fleet_log.work, callsign text)
returns fleet_state.pilots
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    pilot fleet_state.pilots;
begin
    select * into pilot from fleet_state.pilots p where p.project = w.project and p.callsign = find_pilot.callsign;
    return pilot;
end $$;
comment on function fleet_log.find_pilot is
    'The pilot''s row, or nulls. Example, in a command: old := fleet_log.find_pilot(w, w.args ->> ''callsign'')';

create function fleet_log.do_set_pilot_status(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name text := coalesce(w.args ->> 'callsign', w.actor);
    old fleet_state.pilots := fleet_log.find_pilot(w, name);
begin
    if old.pilot_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/callsign', 'no pilot ' || name,
                                format('fleet pilots register %s --program NAME --model NAME', name));
    end if;
    if (w.args ->> 'expected_version')::int <> old.version then
        return fleet_log.refuse(w, 'if_match_failed', '', format('%s is at version %s, not %s', name, old.version,
                w.args ->> 'expected_version'), 'read it again and decide anew', jsonb_build_object('version', old.version));
    end if;
    if old.state = w.args ->> 'to' and old.current_sortie is not distinct from w.args ->> 'current_sortie' then
        w.result := fleet_log.pilot_json(w.project, name);   -- nothing changes, nothing is written
        return w;
    end if;
    w := fleet_log.check_transition(w, 'pilot', old.state, 'pilot_status_changed', w.args ->> 'to');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'pilot_status_changed', 'pilot', old.pilot_id, jsonb_build_object(
        'from', old.state, 'to', w.args ->> 'to', 'current_sortie', w.args ->> 'current_sortie'));
    update fleet_live.pilots l set seen_at = w.at where l.project = w.project and l.callsign = name;
    w.result := fleet_log.pilot_json(w.project, name);
    return w;
end $$;
comment on function fleet_log.do_set_pilot_status is
    'Command set_pilot_status. Example: select * from fleet.act(''[{"op":"set_pilot_status","project":"demo","args":{"callsign":"viper-1","to":"idle"}}]'')';

create function fleet_log.do_change_capabilities(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name text := coalesce(w.args ->> 'callsign', w.actor);
    old fleet_state.pilots := fleet_log.find_pilot(w, name);
    added jsonb;
    removed jsonb;
begin
    if old.pilot_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/callsign', 'no pilot ' || name,
                                format('fleet pilots register %s --program NAME --model NAME', name));
    elsif old.state = 'deregistered' then
        return fleet_log.refuse(w, 'transition_refused', '/args/callsign', name || ' is deregistered', null,
            jsonb_build_object('found', old.state, 'asked', 'pilot_capabilities_changed', 'allowed', '[]'::jsonb));
    end if;
    -- Only what is news: the event says what changed, not what was asked.
    select coalesce(jsonb_agg(distinct x.name), '[]') into added
      from jsonb_array_elements_text(coalesce(nullif(w.args -> 'added', 'null'), '[]')) x(name)
     where not x.name = any(old.capabilities);
    select coalesce(jsonb_agg(distinct x.name), '[]') into removed
      from jsonb_array_elements_text(coalesce(nullif(w.args -> 'removed', 'null'), '[]')) x(name)
     where x.name = any(old.capabilities);
    if added <> '[]' or removed <> '[]' then
        w := fleet_log.put(w, 'pilot_capabilities_changed', 'pilot', old.pilot_id, jsonb_build_object(
            'added', added, 'removed', removed, 'evidence', w.args ->> 'evidence'));
    end if;
    w.result := fleet_log.pilot_json(w.project, name);
    return w;
end $$;
comment on function fleet_log.do_change_capabilities is
    'Command change_capabilities. Example: select * from fleet.act(''[{"op":"change_capabilities","project":"demo","args":{"callsign":"viper-1","added":["sql"]}}]'')';

create function fleet_log.do_deregister_pilot(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    name text := coalesce(w.args ->> 'callsign', w.actor);
    old fleet_state.pilots := fleet_log.find_pilot(w, name);
    returned jsonb;
begin
    if old.pilot_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/callsign', 'no pilot ' || name);
    end if;
    w := fleet_log.check_transition(w, 'pilot', old.state, 'pilot_deregistered');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'pilot_deregistered', 'pilot', old.pilot_id, jsonb_build_object(
        'reason', coalesce(w.args ->> 'reason', 'manual'), 'final_status', w.args ->> 'final_status'));
    w := fleet_log.let_go(w, w.project, array[name], 'deregistered', w.event_id);
    returned := w.result;
    w.result := fleet_log.pilot_json(w.project, name) || returned;
    return w;
end $$;
comment on function fleet_log.do_deregister_pilot is
    'Command deregister_pilot: its files are free, its sorties and orders go back, its mail is bounced or kept. Example: select * from fleet.deregister_pilot(''demo'', ''viper-1'')';
