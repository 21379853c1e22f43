-- Everything a pilot needs to go on, as one document. The daemon orders it, cuts it to a budget and prints it.

create function fleet_log.briefing_notes(project text, callsign text, mission text, sorties text[])
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    c fleet_state.checkpoints;
begin
    -- What the pilot itself wrote down comes before what others did; of each, the latest.
    select * into c from fleet_state.checkpoints x
     where x.project = briefing_notes.project and x.body_digest is not null and x.state <> 'deleted'
       and (x.mission_id = mission or x.sortie_id = any(sorties))
     order by (x.created_by is not distinct from briefing_notes.callsign) desc, x.event_seq desc limit 1;
    if c.checkpoint_id is null then
        return null;
    end if;
    return jsonb_strip_nulls(jsonb_build_object('checkpoint_id', c.checkpoint_id, 'by', c.created_by, 'trigger', c.trigger,
               'at', fleet_log.json_time(c.created_at), 'seq', c.event_seq, 'progress', c.progress))
           || coalesce(jsonb_strip_nulls(fleet_log.body_of(c.body_digest)::jsonb), '{"redacted": true}');
end $$;
comment on function fleet_log.briefing_notes is
    'What was added to the last checkpoint: summary, next steps, decisions, error. Example: select fleet_log.briefing_notes(''demo'', ''viper-1'', ''msn_01…'', ''{}'')';

create function fleet_log.briefing_scope(project text, callsign text, given text, out mission text, out mine text[])
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    mine := array(select s.sortie_id from fleet_state.sorties s
                   where s.project = briefing_scope.project and s.pilot = briefing_scope.callsign
                     and s.state in ('assigned', 'in_progress', 'blocked', 'review')
                   order by array_position('{in_progress,blocked,assigned,review}', s.state::text), s.assigned_at, s.sortie_id
                   limit 20);
    if given is not null then
        mission := (select m.mission_id from fleet_state.missions m
                     where m.mission_id = fleet_log.mission_id_of(briefing_scope.project, given)
                       and m.project = briefing_scope.project);
        if mission is null then
            perform fleet.refuse('not_found', 'there is no mission ' || given, '/mission_id', 'fleet missions list shows them');
        end if;
        return;
    end if;
    -- That of the work at hand, else of the last work, else the one that is under way.
    mission := coalesce((select s.mission_id from fleet_state.sorties s where s.sortie_id = mine[1]),
        (select m.mission_id from fleet_state.sorties s join fleet_state.missions m on m.mission_id = s.mission_id
          where s.project = briefing_scope.project and s.pilot = briefing_scope.callsign and m.ended_at is null
          order by s.last_seq desc limit 1),
        (select m.mission_id from fleet_state.missions m
          where m.project = briefing_scope.project and m.ended_at is null
          order by array_position('{in_progress,review,pending}', m.state::text), m.last_seq desc limit 1));
end $$;
comment on function fleet_log.briefing_scope is
    'The mission a briefing is about, and the pilot''s open sorties. Example: select * from fleet_log.briefing_scope(''demo'', ''viper-1'', null)';

create function fleet.briefing(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp set jit = off as $$
declare
    place text := nullif(filter ->> 'project', '');
    who text := nullif(filter ->> 'callsign', '');
    about text;
    mine text[];
    head bigint := coalesce((select e.seq from fleet_log.events e order by e.seq desc limit 1), 0);
begin
    if place is null then
        perform fleet.refuse('invalid_field', 'names no project', '/project', 'name the project with the header Fleet-Project');
    elsif who is not null and not exists (select from fleet_state.pilots p where p.project = place and p.callsign = who) then
        perform fleet.refuse('not_found', 'there is no pilot ' || who, '/callsign', 'fleet pilots list shows them');
    end if;
    select b.mission, coalesce(b.mine, '{}') into about, mine from fleet_log.briefing_scope(place, who, nullif(filter ->> 'mission_id', '')) b;
    item := jsonb_strip_nulls(jsonb_build_object('project', place, 'callsign', who, 'seq', head,
            'at', (select fleet_log.json_time(e.recorded_at) from fleet_log.events e where e.seq = head)))::jsonb
        || jsonb_build_object(
        'pilot', (select jsonb_strip_nulls(jsonb_build_object('program', p.program, 'model', p.model, 'role', p.role, 'status', p.state,
                             'task', left(p.task_description, 2000)))
                    from fleet_state.pilots p where p.project = place and p.callsign = who),
        'rulings', fleet_log.rulings_for(place, array[about], mine, array[who]),
        'mission', fleet_log.briefing_mission(about),
        'sorties', (select coalesce(jsonb_agg(fleet_log.briefing_sortie(s) order by array_position(mine, s.sortie_id::text)), '[]')
                      from fleet_state.sorties s where s.sortie_id = any(mine)),
        'held', fleet_log.briefing_held(place, who),
        'waits', (select coalesce(jsonb_agg(jsonb_build_object('reservation_id', q.reservation_id, 'patterns', q.patterns,
                             'until', fleet_log.json_time(q.deadline)) order by q.arrival), '[]')
                    from fleet_state.reservation_requests q
                   where q.state = 'waiting' and q.project = place and q.holder = who),
        'orders', (select coalesce(jsonb_agg(jsonb_build_object('work_order_id', o.work_order_id, 'kind', o.kind, 'token', o.token)
                              order by o.token), '[]')
                     from fleet_state.work_orders o
                    where o.state = 'claimed' and o.project = place and o.claimed_by = who),
        'notes', fleet_log.briefing_notes(place, who, about, mine),
        'steps', fleet_log.briefing_steps(place, who, mine, 20),
        'blockers', fleet_log.briefing_blockers(place, about, 50),
        'ready', fleet_log.briefing_ready(place, about, 10),
        'mail', fleet_log.briefing_mail(place, who, 50),
        'unread', (select count(*) from fleet_state.message_recipients r
                    where r.state = 'unread' and r.project = place and r.recipient = who),
        'files', fleet_log.briefing_files(about, mine, 200),
        'others', fleet_log.briefing_others(place, who, 50),
        'halts', (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('scope', h.scope_kind, 'subject', nullif(h.scope_id, ''),
                             'reason', h.reason, 'by', h.halted_by, 'since', fleet_log.json_time(h.halted_at))) order by h.last_seq), '[]')
                    from fleet_state.halts h where h.halted and (h.scope_kind = 'fleet' or h.project = place)));
    cursor_key := '';
    return next;
end $$;
comment on function fleet.briefing is
    'What a pilot needs to go on, as one JSON object: project, callsign, mission_id. Example: select jsonb_pretty(item::jsonb) from fleet.briefing(''{"project":"demo","callsign":"viper-1"}'')';
