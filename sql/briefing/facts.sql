-- What a briefing is made of: one look at one state, each list in the order of importance. Texts of people stay as they
-- are: who prints them has to keep them apart from its own words. Nothing in it depends on the clock.

create function fleet_log.briefing_sortie(s fleet_state.sorties)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'sortie_id', s.sortie_id, 'mission_id', s.mission_id, 'name', s.name, 'title', s.title,
        'description', left(s.description, 4000), 'status', s.state, 'priority', s.priority, 'progress', s.progress,
        'progress_message', s.progress_message, 'pilot', s.pilot, 'token', s.token, 'attempt', s.attempt,
        'max_attempts', s.max_attempts, 'files', s.files, 'files_touched', s.files_touched, 'unreserved', s.unreserved,
        'blocked_reason', s.blocked_reason, 'blocker_type', s.blocker_type, 'blocker_id', s.blocker_id,
        'reviewer', s.reviewer, 'verdict', s.verdict, 'feedback', s.feedback,
        'assigned_at', fleet_log.json_time(s.assigned_at),
        -- At least until then: signs of life, which are not in the log, make it longer.
        'until', fleet_log.json_time(s.signed_at + make_interval(secs => s.lease_seconds))));
end $$;
comment on function fleet_log.briefing_sortie is
    'A sortie as a briefing tells it. Example: select fleet_log.briefing_sortie(s) from fleet_state.sorties s';

create function fleet_log.briefing_held(project text, callsign text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'reservation_id', r.reservation_id, 'token', r.token, 'patterns', r.patterns, 'mode', r.mode,
                       'purpose', r.purpose, 'reason', r.reason, 'sortie_id', r.sortie_id,
                       'until', fleet_log.json_time(r.expires_at))) order by r.token), '[]')
              from fleet_state.reservations r
             where r.state = 'active' and r.project = briefing_held.project and r.holder = briefing_held.callsign);
end $$;
comment on function fleet_log.briefing_held is
    'What a pilot holds, with its tokens. Example: select fleet_log.briefing_held(''demo'', ''viper-1'')';

create function fleet_log.briefing_mail(project text, callsign text, most int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp set enable_seqscan = off set jit = off as $$
begin
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'message_id', m.message_id, 'from', m.sender, 'subject', m.subject, 'importance', m.importance,
                       'sent_at', fleet_log.json_time(m.sent_at), 'ack_required', nullif(r.awaits_ack, false),
                       'ack_due_at', case when r.awaits_ack then fleet_log.json_time(r.ack_due_at) end,
                       'status', r.state, 'sortie_id', m.sortie_id, 'mission_id', m.mission_id,
                       'program', (select p.program from fleet_state.pilots p
                                    where p.project = m.project and p.callsign = m.sender)))
                       || fleet_log.body_json('body', m.body_digest, 2000) order by r.rank desc, r.sent_seq), '[]')
              from ((select x.* from fleet_state.message_recipients x
                      where x.project = briefing_mail.project and x.recipient = briefing_mail.callsign and x.state = 'unread'
                      order by x.rank desc, x.sent_seq limit most)
                     union all
                    (select x.* from fleet_state.message_recipients x
                      where x.project = briefing_mail.project and x.recipient = briefing_mail.callsign
                        and x.awaits_ack and x.state = 'read'
                      order by x.rank desc, x.sent_seq limit most)) r
             cross join lateral (select y.* from fleet_state.messages y where y.message_id = r.message_id offset 0) m);
end $$;
comment on function fleet_log.briefing_mail is
    'What a pilot has not read or not answered, the most important first. Example: select fleet_log.briefing_mail(''demo'', ''viper-1'', 50)';

create function fleet_log.briefing_steps(project text, callsign text, sorties text[], most int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The last first: what its sorties and it itself did. What it merely cost or read is nothing to go on from.
    return (select coalesce(jsonb_agg(jsonb_build_object('seq', e.seq, 'at', fleet_log.json_time(e.recorded_at), 'actor', e.actor,
                       'type', e.type, 'stream_id', e.stream_id,
                       'says', fleet_log.says(e.type, e.data, fleet_log.subject_of(e.stream_id))) order by e.seq desc), '[]')
              from (select x.* from ((select y.* from fleet_log.events y
                                       where y.actor = briefing_steps.callsign and y.project = briefing_steps.project
                                         and y.type not in ('usage_recorded', 'thread_created', 'message_read')
                                       order by y.seq desc limit most)
                                      union
                                     (select y.* from fleet_log.events y
                                       where y.stream_id = any(sorties) order by y.seq desc limit most)) x
                     order by x.seq desc limit most) e);
end $$;
comment on function fleet_log.briefing_steps is
    'The last things a pilot did and that happened to these sorties, newest first. Example: select fleet_log.briefing_steps(''demo'', ''viper-1'', ''{}'', 10)';

create function fleet_log.briefing_mission(id text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select jsonb_strip_nulls(jsonb_build_object(
                       'mission_id', m.mission_id, 'title', m.title, 'description', left(m.description, 10000), 'status', m.state,
                       'priority', m.priority, 'strategy', m.strategy, 'created_by', m.created_by,
                       'created_at', fleet_log.json_time(m.created_at), 'started_at', fleet_log.json_time(m.started_at),
                       'deadline', fleet_log.json_time(m.deadline), 'progress', c.percent, 'counts', c.counts))
              from fleet_state.missions m
             cross join lateral (
                   select coalesce(floor(avg(case when s.state in ('completed', 'skipped', 'cancelled') then 100
                                                  else s.progress end)), 0)::int as percent,
                          jsonb_build_object('total', count(*), 'ready', count(*) filter (where s.ready),
                              'at_work', count(*) filter (where s.state in ('assigned', 'in_progress', 'review')),
                              'blocked', count(*) filter (where s.state = 'blocked'),
                              'completed', count(*) filter (where s.state = 'completed'),
                              'failed', count(*) filter (where s.state = 'failed')) as counts
                     from fleet_state.sorties s where s.mission_id = m.mission_id) c
             where m.mission_id = briefing_mission.id);
end $$;
comment on function fleet_log.briefing_mission is
    'A mission as a briefing tells it. Example: select fleet_log.briefing_mission(''msn_01…'')';

create function fleet_log.briefing_blockers(project text, mission text, most int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'sortie_id', s.sortie_id, 'title', s.title, 'status', s.state, 'pilot', s.pilot,
                       'reason', coalesce(s.blocked_reason, s.error ->> 'message', s.reason), 'blocker_type', s.blocker_type,
                       'blocker_id', s.blocker_id, 'since', fleet_log.json_time(coalesce(s.blocked_at, s.ended_at))))
                       order by s.rank, s.created_seq), '[]')
              from (select * from fleet_state.sorties x
                     where x.project = briefing_blockers.project and x.state in ('blocked', 'failed')
                       and (mission is null or x.mission_id = mission)
                     order by x.rank, x.created_seq limit most) s);
end $$;
comment on function fleet_log.briefing_blockers is
    'Sorties that cannot go on, and why. Example: select fleet_log.briefing_blockers(''demo'', null, 20)';

create function fleet_log.briefing_others(project text, callsign text, most int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'callsign', p.callsign, 'program', p.program, 'role', p.role, 'status', p.state, 'sortie_id', s.sortie_id,
                       'sortie_title', s.title, 'sortie_status', s.state, 'progress', s.progress,
                       'holds', (select array_agg(f.pattern order by f.pattern) from (
                                     select unnest(r.patterns) as pattern from fleet_state.reservations r
                                      where r.state = 'active' and r.project = p.project and r.holder = p.callsign
                                      order by 1 limit 8) f)))
                       order by s.sortie_id is null, array_position('{active,idle,stale}', p.state), p.callsign), '[]')
              from (select * from fleet_state.pilots x
                     where x.project = briefing_others.project and x.state <> 'deregistered'
                       and x.callsign is distinct from briefing_others.callsign
                     order by array_position('{active,idle,stale}', x.state), x.callsign limit most) p
              left join lateral (
                   select x.* from fleet_state.sorties x
                    where x.project = p.project and x.pilot = p.callsign
                      and x.state in ('assigned', 'in_progress', 'blocked', 'review')
                    order by array_position('{in_progress,blocked,assigned,review}', x.state::text), x.assigned_at, x.sortie_id
                    limit 1) s on true);
end $$;
comment on function fleet_log.briefing_others is
    'What the other pilots are at and hold. Example: select fleet_log.briefing_others(''demo'', ''viper-1'', 30)';

create function fleet_log.briefing_files(mission text, sorties text[], most int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Those of the pilot's own sorties first.
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('file', f.file, 'pilot', f.pilot, 'mine', nullif(f.mine, false)))
                       order by f.mine desc, f.file collate "C"), '[]')
              from (select x.file, bool_or(s.sortie_id = any(sorties)) as mine,
                           string_agg(distinct s.pilot, ', ' order by s.pilot) as pilot
                      from fleet_state.sorties s
                     cross join lateral unnest(s.files_touched) x(file)
                     where s.mission_id = mission or s.sortie_id = any(sorties)
                     group by x.file order by 2 desc, 1 limit most) f);
end $$;
comment on function fleet_log.briefing_files is
    'Files that the sorties of a mission changed. Example: select fleet_log.briefing_files(''msn_01…'', ''{}'', 100)';

create function fleet_log.briefing_ready(project text, mission text, most int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
                       'sortie_id', s.sortie_id, 'title', s.title, 'priority', s.priority, 'role', s.role))
                       order by s.rank, s.created_seq), '[]')
              from (select * from fleet_state.sorties x
                     where x.ready and x.project = briefing_ready.project and (mission is null or x.mission_id = mission)
                     order by x.rank, x.created_seq limit most) s);
end $$;
comment on function fleet_log.briefing_ready is
    'What could be claimed next. Example: select fleet_log.briefing_ready(''demo'', null, 5)';
