-- What a checkpoint remembers, as items with a key; read at one position of the log, under its lock.
-- LIMIT and OFFSET keep look-ups index probes: plans are made while tables are small.

create function fleet_log.snapshot_sorties(ids text[])
returns table (key text, item jsonb)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Of what has ended only how it ended; what is open as it stands.
    return query
    select s.sortie_id::text, jsonb_strip_nulls(jsonb_build_object(
               'sortie_id', s.sortie_id, 'name', s.name, 'title', s.title, 'status', s.state, 'pilot', s.pilot,
               'progress', s.progress, 'attempt', s.attempt)
           || case when s.state in ('completed', 'failed', 'cancelled', 'skipped') then jsonb_build_object(
                  'summary_digest', s.summary_digest, 'error', s.error, 'reason', s.reason,
                  'ended_at', fleet_log.json_time(s.ended_at))
              else jsonb_build_object(
                  'token', s.token, 'lease_seconds', case when s.token is not null then s.lease_seconds end,
                  'progress_message', s.progress_message, 'files', nullif(to_jsonb(s.files), '[]'),
                  'files_touched', nullif(to_jsonb(s.files_touched), '[]'), 'error', s.error,
                  'started_at', fleet_log.json_time(s.started_at), 'reviewer', s.reviewer,
                  'blocked', case when s.blocked_at is not null then jsonb_build_object('reason', s.blocked_reason,
                      'blocker_type', s.blocker_type, 'blocker_id', s.blocker_id,
                      'since', fleet_log.json_time(s.blocked_at)) end) end)
      from unnest(ids) id
     cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = id limit 1) s;
end $$;
comment on function fleet_log.snapshot_sorties is
    'Sorties for a checkpoint. Example: select * from fleet_log.snapshot_sorties(''{srt_01…}'')';

create function fleet_log.snapshot_reservations(project text, sorties text[], pilots text[])
returns table (key text, item jsonb)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- What is held for another mission is not ours; what a pilot holds for no sortie goes with the pilot.
    return query
    select lpad(r.token::text, 19, '0'), jsonb_strip_nulls(jsonb_build_object(
               'reservation_id', r.reservation_id, 'holder', r.holder, 'token', r.token, 'patterns', r.patterns,
               'mode', r.mode, 'purpose', r.purpose, 'reason', r.reason, 'ttl_seconds', r.ttl_seconds,
               'expires_at', fleet_log.json_time(r.expires_at), 'sortie_id', r.sortie_id))
      from (select y.* from unnest(pilots) p
             cross join lateral (select z.* from fleet_state.reservations z
                                  where z.project = snapshot_reservations.project and z.holder = p and z.state = 'active'
                                 offset 0) y
             where y.sortie_id is null or y.sortie_id = any(sorties)
             union
            select y.* from unnest(sorties) s
             cross join lateral (select z.* from fleet_state.reservations z
                                  where z.sortie_id = s and z.sortie_id is not null and z.state = 'active' offset 0) y) r;
end $$;
comment on function fleet_log.snapshot_reservations is
    'Reservations for a checkpoint, in the order of their tokens. Example: select * from fleet_log.snapshot_reservations(''demo'', ''{}'', ''{viper-1}'')';

create function fleet_log.snapshot_mail(project text, pilots text[])
returns table (key text, item jsonb)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Subjects stand in the log for good; bodies can be erased, so they are not copied. The newest 5,000 of a pilot.
    return query
    with mine as materialized (
        select x.* from unnest(pilots) p
         cross join lateral (
              (select r.message_id, r.recipient, r.sent_seq, true as unread, r.awaits_ack
                 from fleet_state.message_recipients r
                where r.project = snapshot_mail.project and r.recipient = p and r.state = 'unread'
                order by r.sent_seq desc limit 5000)
               union all
              (select r.message_id, r.recipient, r.sent_seq, false, true
                 from fleet_state.message_recipients r
                where r.project = snapshot_mail.project and r.recipient = p and r.awaits_ack and r.state <> 'unread'
                order by r.sent_seq desc limit 5000)) x
    ), letters as (
        select y.message_id, y.sent_seq, array_agg(y.recipient order by y.recipient) filter (where y.unread) as unread,
               array_agg(y.recipient order by y.recipient) filter (where y.awaits_ack) as unacked
          from mine y group by y.message_id, y.sent_seq
    )
    select lpad(l.sent_seq::text, 19, '0'), jsonb_strip_nulls(jsonb_build_object(
               'message_id', m.message_id, 'thread_id', m.thread_id, 'from', m.sender, 'subject', m.subject,
               'importance', m.importance, 'sent_at', fleet_log.json_time(m.sent_at), 'unread', l.unread,
               'unacked', l.unacked))
      from letters l
     cross join lateral (select z.* from fleet_state.messages z where z.message_id = l.message_id limit 1) m;
end $$;
comment on function fleet_log.snapshot_mail is
    'Mail that pilots have not read or not acknowledged, for a checkpoint. Example: select * from fleet_log.snapshot_mail(''demo'', ''{viper-1}'')';

create function fleet_log.snapshot_actions(mission_id text, sortie_id text)
returns table (key text, item jsonb)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select lpad(e.seq::text, 19, '0'), jsonb_build_object('seq', e.seq, 'at', fleet_log.json_time(e.recorded_at),
               'actor', e.actor, 'type', e.type, 'stream_id', e.stream_id,
               'words', left(fleet_log.says(e.type, e.data, fleet_log.subject_of(e.stream_id)), 300))
      from (select x.* from fleet_log.events x
             where snapshot_actions.sortie_id is not null and x.stream_id = snapshot_actions.sortie_id
             order by x.stream_version desc limit 20) e
     union all
    select lpad(e.seq::text, 19, '0'), jsonb_build_object('seq', e.seq, 'at', fleet_log.json_time(e.recorded_at),
               'actor', e.actor, 'type', e.type, 'stream_id', e.stream_id,
               'words', left(fleet_log.says(e.type, e.data, fleet_log.subject_of(e.stream_id)), 300))
      from (select x.* from fleet_log.events x
             where snapshot_actions.sortie_id is null and x.correlation_id = snapshot_actions.mission_id
             order by x.seq desc limit 20) e;
end $$;
comment on function fleet_log.snapshot_actions is
    'The last twenty events of a mission or a sortie, for a checkpoint. Example: select * from fleet_log.snapshot_actions(''msn_01…'', null)';

create function fleet_log.snapshot_usage(sorties text[])
returns table (key text, item jsonb)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return query
    select u.pilot || ' ' || u.model, jsonb_build_object('pilot', u.pilot, 'model', u.model,
               'input_tokens', sum(u.input_tokens + u.cache_read_tokens + u.cache_write_tokens),
               'output_tokens', sum(u.output_tokens), 'cost_micros', sum(coalesce(u.cost_micros, 0)), 'records', count(*))
      from unnest(sorties) s
     cross join lateral (select x.* from fleet_state.usage_calls x where x.sortie_id = s offset 0) u
     group by u.pilot, u.model;
end $$;
comment on function fleet_log.snapshot_usage is
    'What the pilots of sorties used, by pilot and model, for a checkpoint. Example: select * from fleet_log.snapshot_usage(''{srt_01…}'')';

create function fleet_log.snapshot_items(project text, mission_id text, sortie_id text, at timestamptz)
returns table (section text, key text, item jsonb)
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    sorties text[];
    pilots text[];
begin
    if snapshot_items.sortie_id is not null then
        sorties := array[snapshot_items.sortie_id];
    else
        sorties := array(select s.sortie_id from fleet_state.sorties s
                          where s.mission_id = snapshot_items.mission_id order by s.sortie_id);
    end if;
    pilots := array(select distinct s.pilot collate "C" from unnest(sorties) id
                     cross join lateral (select x.* from fleet_state.sorties x where x.sortie_id = id limit 1) s
                     where s.token is not null order by 1);
    return query
    select 'mission', m.mission_id::text, jsonb_strip_nulls(jsonb_build_object(
               'mission_id', m.mission_id, 'title', m.title, 'description', m.description, 'priority', m.priority,
               'strategy', m.strategy, 'status', m.state, 'started_at', fleet_log.json_time(m.started_at),
               'deadline', fleet_log.json_time(m.deadline), 'progress', fleet_log.mission_progress(m.mission_id),
               'counts', fleet_log.mission_counts(m.mission_id)))
      from fleet_state.missions m where m.mission_id = snapshot_items.mission_id
     union all
    select 'sorties', x.key, x.item from fleet_log.snapshot_sorties(sorties) x
     union all
    select 'pilots', p.callsign::text, jsonb_strip_nulls(jsonb_build_object('callsign', p.callsign, 'program', p.program,
               'model', p.model, 'role', p.role, 'host', p.host, 'status', p.state, 'current_sortie', p.current_sortie))
      from unnest(pilots) name
     cross join lateral (select y.* from fleet_state.pilots y
                          where y.project = snapshot_items.project and y.callsign = name limit 1) p
     union all
    select 'reservations', x.key, x.item from fleet_log.snapshot_reservations(snapshot_items.project, sorties, pilots) x
     union all
    select 'mail', x.key, x.item from fleet_log.snapshot_mail(snapshot_items.project, pilots) x
     union all
    select 'blockers', x.key, (x.item -> 'blocked') || jsonb_strip_nulls(jsonb_build_object(
               'sortie_id', x.item -> 'sortie_id', 'title', x.item -> 'title', 'pilot', x.item -> 'pilot'))
      from fleet_log.snapshot_sorties(sorties) x where x.item ? 'blocked'
     union all
    select 'rulings', r.value ->> 'ruling_id', r.value
      from jsonb_array_elements(fleet_log.rulings_for(snapshot_items.project, array[snapshot_items.mission_id], sorties,
                                                      pilots)) r
     union all
    select 'files', f.file, jsonb_build_object('file', f.file, 'sorties', to_jsonb(f.ids))
      from (select t.file, array_agg(id order by id) as ids from unnest(sorties) id
             cross join lateral (select y.files_touched from fleet_state.sorties y where y.sortie_id = id limit 1) s
             cross join lateral unnest(s.files_touched) t (file) group by t.file) f
     union all
    select 'usage', x.key, x.item from fleet_log.snapshot_usage(sorties) x
     union all
    select 'actions', x.key, x.item from fleet_log.snapshot_actions(snapshot_items.mission_id, snapshot_items.sortie_id) x;
end $$;
comment on function fleet_log.snapshot_items is
    'All that a checkpoint of a mission or a sortie remembers now. Example: select * from fleet_log.snapshot_items(''demo'', ''msn_01…'', null, now())';
