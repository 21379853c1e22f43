-- folds of the family squawk: fleet_state.messages, message_recipients and threads.
-- A message is sent once and before all else, so a range is right when its kinds of events are folded in that order.
-- Message and thread events of one range may be folded in either order: each makes the thread's row if it is not there.

create function fleet_log.message_rank(importance text)
returns int
language sql immutable as $$
    select case importance when 'urgent' then 4 when 'high' then 3 when 'normal' then 2 when 'low' then 1 end
$$;
comment on function fleet_log.message_rank is
    'Importance as a number, the most important the highest. Example: select fleet_log.message_rank(''high'')';

create function fleet_log.people(one text[], other text[])
returns text[]
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if one @> other then
        return one;
    end if;
    return array(select distinct p.name collate "C" from unnest(one || other) p(name) order by 1);
end $$;
comment on function fleet_log.people is
    'Two sets of names as one, in alphabetical order. Example: select fleet_log.people(''{b}'', ''{a,b}'')';

create function fleet_state.apply_sent(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.messages (message_id, project, thread_id, in_reply_to, sender, recipients, subject,
        body_digest, body_bytes, importance, ack_required, ack_seconds, bounce_stale, sortie_id, mission_id, attachments,
        sent_seq, sent_at, version, last_seq)
    select e.stream_id, e.project, e.data ->> 'thread_id', e.data ->> 'in_reply_to', e.data ->> 'from',
           array(select jsonb_array_elements_text(e.data -> 'to')), e.data ->> 'subject', e.data ->> 'body_digest',
           (e.data ->> 'body_bytes')::int, e.data ->> 'importance', (e.data ->> 'ack_required')::boolean,
           (e.data ->> 'ack_seconds')::int, coalesce((e.data ->> 'bounce_stale')::boolean, false),
           e.data ->> 'sortie_id', e.data ->> 'mission_id', e.data -> 'attachments',
           e.seq, e.recorded_at, e.stream_version, e.seq
      from fleet_log.events e
     where e.seq between apply_sent.from_seq and apply_sent.to_seq and e.type = 'message_sent'
     order by e.stream_id;

    insert into fleet_state.message_recipients (message_id, recipient, project, sender, rank, state, ack_due_at,
        awaits_ack, receipt_pending, sent_seq, last_seq)
    select e.stream_id, r.name, e.project, e.data ->> 'from', fleet_log.message_rank(e.data ->> 'importance'), 'unread',
           e.recorded_at + make_interval(secs => (e.data ->> 'ack_seconds')::int),
           (e.data ->> 'ack_required')::boolean, false, e.seq, e.seq
      from fleet_log.events e
     cross join lateral jsonb_array_elements_text(e.data -> 'to') r(name)
     where e.seq between apply_sent.from_seq and apply_sent.to_seq and e.type = 'message_sent'
     order by e.stream_id, r.name;

    insert into fleet_state.threads as t (thread_id, project, title, participants, created_by, created_at,
        messages_count, last_message_id, last_message_at, version, last_seq)
    select g.thread_id, g.project, '', array(
               select distinct p.name collate "C" from fleet_log.events e
                cross join lateral jsonb_array_elements_text(e.data -> 'to' || jsonb_build_array(e.data -> 'from')) p(name)
                where e.seq = any(g.seqs) order by 1),
           '', g.last_at, cardinality(g.seqs), g.last_id, g.last_at, 0, g.last_seq
      from (select e.data ->> 'thread_id' as thread_id, min(e.project) as project, array_agg(e.seq) as seqs,
                   max(e.seq) as last_seq, max(e.recorded_at) as last_at,
                   (array_agg(e.stream_id order by e.seq desc))[1] as last_id
              from fleet_log.events e
             where e.seq between apply_sent.from_seq and apply_sent.to_seq and e.type = 'message_sent'
             group by e.data ->> 'thread_id') g
     order by g.thread_id
        on conflict (thread_id) do update
       set participants = fleet_log.people(t.participants, excluded.participants),
           messages_count = t.messages_count + excluded.messages_count, last_message_id = excluded.last_message_id,
           last_message_at = excluded.last_message_at, last_seq = greatest(t.last_seq, excluded.last_seq);
end $$;
comment on function fleet_state.apply_sent is
    'Folds the messages sent in a range. Example: select fleet_state.apply_sent(1, 100)';

create function fleet_state.apply_sent_one(e fleet_log.events)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    names constant text[] := array(select jsonb_array_elements_text(e.data -> 'to'));
begin
    -- Live it is one message at a time: the same writes as apply_sent, without a look back at the log for each. The
    -- thread is there, its event came before. (fleet.verify_projections compares the outcome of the two.)
    insert into fleet_state.messages (message_id, project, thread_id, in_reply_to, sender, recipients, subject,
        body_digest, body_bytes, importance, ack_required, ack_seconds, bounce_stale, sortie_id, mission_id, attachments,
        sent_seq, sent_at, version, last_seq)
    values (e.stream_id, e.project, e.data ->> 'thread_id', e.data ->> 'in_reply_to', e.data ->> 'from', names,
        e.data ->> 'subject', e.data ->> 'body_digest', (e.data ->> 'body_bytes')::int, e.data ->> 'importance',
        (e.data ->> 'ack_required')::boolean, (e.data ->> 'ack_seconds')::int,
        coalesce((e.data ->> 'bounce_stale')::boolean, false), e.data ->> 'sortie_id', e.data ->> 'mission_id',
        e.data -> 'attachments', e.seq, e.recorded_at, e.stream_version, e.seq);
    insert into fleet_state.message_recipients (message_id, recipient, project, sender, rank, state, ack_due_at,
        awaits_ack, receipt_pending, sent_seq, last_seq)
    select e.stream_id, r.name, e.project, e.data ->> 'from', fleet_log.message_rank(e.data ->> 'importance'), 'unread',
           e.recorded_at + make_interval(secs => (e.data ->> 'ack_seconds')::int),
           (e.data ->> 'ack_required')::boolean, false, e.seq, e.seq
      from unnest(names) r(name);
    update fleet_state.threads t
       set participants = fleet_log.people(t.participants, names || (e.data ->> 'from')),
           messages_count = t.messages_count + 1, last_message_id = e.stream_id, last_message_at = e.recorded_at,
           last_seq = e.seq
     where t.thread_id = e.data ->> 'thread_id';
end $$;
comment on function fleet_state.apply_sent_one is
    'Folds one message_sent. Example: select fleet_state.apply_sent_one(e) from fleet_log.events e where e.seq = 42';

create function fleet_state.apply_marks(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    update fleet_state.messages m
       set body_digest = coalesce(g.updated ->> 'body_digest', m.body_digest),
           body_bytes = coalesce((g.updated ->> 'body_bytes')::int, m.body_bytes),
           updated_at = coalesce(g.updated_at, m.updated_at), version = g.version, last_seq = g.last_seq
      from (select e.stream_id, max(e.stream_version) as version, max(e.seq) as last_seq,
                   max(e.recorded_at) filter (where e.type = 'message_updated') as updated_at,
                   (array_agg(e.data order by e.seq desc) filter (where e.type = 'message_updated'))[1] as updated
              from fleet_log.events e
             where e.seq between apply_marks.from_seq and apply_marks.to_seq and e.stream_type = 'message'
               and e.type <> 'message_sent'
             group by e.stream_id) g
     where m.message_id = g.stream_id;

    update fleet_state.message_recipients r
       set state = case when s.bounced_at is not null or r.state = 'bounced' and not s.came_back then 'bounced'
                        when r.acked_at is not null or s.acked_at is not null then 'acked'
                        when r.read_at is not null or s.read_at is not null then 'read' else 'unread' end,
           read_at = coalesce(r.read_at, s.read_at), acked_at = coalesce(r.acked_at, s.acked_at),
           response_digest = coalesce(r.response_digest, s.response_digest),
           bounced_at = case when s.came_back then s.bounced_at else coalesce(r.bounced_at, s.bounced_at) end,
           bounce_reason = case when s.came_back then s.bounce_reason else coalesce(r.bounce_reason, s.bounce_reason) end,
           awaits_ack = (r.awaits_ack or s.came_back and r.acked_at is null and (
                             select m.ack_required from fleet_state.messages m where m.message_id = r.message_id))
                        and s.acked_at is null and s.bounced_at is null,
           -- Receipts are for the sender who asked for them, not for one who wrote to itself.
           receipt_pending = r.receipt_pending or (s.read_at is not null and r.ack_due_at is not null
                                                   and r.recipient <> r.sender),
           last_seq = s.last_seq
      from (select e.stream_id, coalesce(e.data ->> 'reader', e.data ->> 'acker', e.data ->> 'recipient') as who,
                   max(e.seq) as last_seq,
                   min(e.recorded_at) filter (where e.type in ('message_read', 'message_acked')) as read_at,
                   min(e.recorded_at) filter (where e.type = 'message_acked') as acked_at,
                   min(e.data ->> 'response_digest') as response_digest, bool_or(e.type = 'message_requeued') as came_back,
                   min(e.recorded_at) filter (where e.type = 'message_bounced' and e.seq > e.requeued) as bounced_at,
                   min(e.data ->> 'reason') filter (where e.type = 'message_bounced' and e.seq > e.requeued) as bounce_reason
              from (select x.*, coalesce(max(x.seq) filter (where x.type = 'message_requeued')
                                             over (partition by x.stream_id, x.data ->> 'recipient'), 0) as requeued
                      from fleet_log.events x
                     where x.seq between apply_marks.from_seq and apply_marks.to_seq
                       and x.type in ('message_read', 'message_acked', 'message_bounced', 'message_requeued')) e
             group by 1, 2) s
     where r.message_id = s.stream_id and r.recipient = s.who;

    -- A sender that reads its own message has seen the receipts up to then.
    update fleet_state.message_recipients r
       set receipt_pending = false
      from (select e.stream_id, max(e.seq) as seq
              from fleet_log.events e
              join fleet_state.messages m on m.message_id = e.stream_id and m.sender = e.data ->> 'reader'
             where e.seq between apply_marks.from_seq and apply_marks.to_seq and e.type = 'message_read'
             group by e.stream_id) s
     where r.message_id = s.stream_id and coalesce(r.receipt_pending, false) and r.last_seq < s.seq;
end $$;
comment on function fleet_state.apply_marks is
    'Folds what happened to messages after they were sent. Example: select fleet_state.apply_marks(1, 100)';

create function fleet_state.apply_mark_one(e fleet_log.events)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    who constant text := coalesce(e.data ->> 'reader', e.data ->> 'acker', e.data ->> 'recipient');
    author text;
begin
    -- The same as apply_marks for one event; readings come as often as messages.
    if e.type = 'message_updated' then
        update fleet_state.messages m
           set body_digest = e.data ->> 'body_digest', body_bytes = (e.data ->> 'body_bytes')::int,
               updated_at = e.recorded_at, version = e.stream_version, last_seq = e.seq
         where m.message_id = e.stream_id;
        return;
    end if;
    update fleet_state.messages m
       set version = e.stream_version, last_seq = e.seq
     where m.message_id = e.stream_id returning m.sender into author;
    update fleet_state.message_recipients r
       set state = case when e.type = 'message_requeued' then case when r.acked_at is not null then 'acked'
                                                                   when r.read_at is not null then 'read' else 'unread' end
                        when r.state = 'bounced' or e.type = 'message_bounced' then 'bounced'
                        when r.acked_at is not null or e.type = 'message_acked' then 'acked' else 'read' end,
           read_at = case when e.type in ('message_bounced', 'message_requeued') then r.read_at
                          else coalesce(r.read_at, e.recorded_at) end,
           acked_at = case when e.type = 'message_acked' then coalesce(r.acked_at, e.recorded_at) else r.acked_at end,
           response_digest = coalesce(r.response_digest, e.data ->> 'response_digest'),
           bounced_at = case when e.type <> 'message_requeued' then
               coalesce(r.bounced_at, case when e.type = 'message_bounced' then e.recorded_at end) end,
           bounce_reason = case when e.type <> 'message_requeued' then coalesce(r.bounce_reason, e.data ->> 'reason') end,
           awaits_ack = case when e.type <> 'message_requeued' then r.awaits_ack and e.type = 'message_read'
               else r.acked_at is null and (select m.ack_required from fleet_state.messages m
                                             where m.message_id = r.message_id) end,
           receipt_pending = r.receipt_pending or (e.type in ('message_read', 'message_acked') and r.ack_due_at is not null
                                                   and r.recipient <> r.sender),
           last_seq = e.seq
     where r.message_id = e.stream_id and r.recipient = who;
    if e.type = 'message_read' and who = author then
        update fleet_state.message_recipients r
           set receipt_pending = false
         -- Written so that only the key can be used: the index of pending receipts looks as good to a plan made early.
         where r.message_id = e.stream_id and coalesce(r.receipt_pending, false) and r.last_seq < e.seq;
    end if;
end $$;
comment on function fleet_state.apply_mark_one is
    'Folds one event of a message after it was sent. Example: select fleet_state.apply_mark_one(e) from fleet_log.events e where e.seq = 42';

create function fleet_state.fold_message(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    one fleet_log.events;
    sent boolean;
    marks boolean;
begin
    if from_seq = to_seq then
        select * into one from fleet_log.events e where e.seq = from_seq;
        if one.type = 'message_sent' then
            perform fleet_state.apply_sent_one(one);
        else
            perform fleet_state.apply_mark_one(one);
        end if;
        return;
    end if;
    select bool_or(e.type = 'message_sent'), bool_or(e.type <> 'message_sent') into sent, marks
      from fleet_log.events e
     where e.seq between fold_message.from_seq and fold_message.to_seq and e.stream_type = 'message';
    if sent then
        perform fleet_state.apply_sent(from_seq, to_seq);
    end if;
    if marks then
        perform fleet_state.apply_marks(from_seq, to_seq);
    end if;
end $$;
comment on function fleet_state.fold_message is
    'Folds the message events of a range. Example: select fleet_state.fold_message(1, 100)';

create function fleet_state.fold_thread(from_seq bigint, to_seq bigint)
returns void
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    insert into fleet_state.threads as t (thread_id, project, title, participants, created_by, created_at,
        messages_count, version, last_seq)
    select e.stream_id, e.project, e.data ->> 'title', array(select jsonb_array_elements_text(e.data -> 'participants')),
           e.actor, e.recorded_at, 0, e.stream_version, e.seq
      from fleet_log.events e
     where e.seq between fold_thread.from_seq and fold_thread.to_seq and e.type = 'thread_created'
     order by e.stream_id
        on conflict (thread_id) do update
       set title = excluded.title, created_by = excluded.created_by, created_at = excluded.created_at,
           participants = fleet_log.people(t.participants, excluded.participants), version = excluded.version,
           last_seq = greatest(t.last_seq, excluded.last_seq);
end $$;
comment on function fleet_state.fold_thread is
    'Folds the thread events of a range. Example: select fleet_state.fold_thread(1, 100)';
