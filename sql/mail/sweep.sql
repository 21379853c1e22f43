-- What happens to mail when pilots go, and when nobody answers.

create function fleet_log.bounce_mail(
    w fleet_log.work, project text, callsigns text[], reason text, causation_id text)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    caller constant fleet_log.work := w;
    why constant text := case when bounce_mail.reason = 'deregistered' then 'deregistered' else 'stale' end;
    drafts fleet_log.draft[];
    ids jsonb;
    notice record;
begin
    -- Who is only stale may come back to its mailbox, unless the sender did not want to wait.
    select array_agg((bounce_mail.project, 'message_bounced', 'message', r.message_id,
                      jsonb_build_object('recipient', r.recipient, 'reason', why), bounce_mail.causation_id, 'system')
                     ::fleet_log.draft order by r.sent_seq, r.recipient collate "C"),
           coalesce(jsonb_agg(r.message_id order by r.sent_seq, r.recipient collate "C"), '[]')
      into drafts, ids
      from fleet_state.message_recipients r
     where r.project = bounce_mail.project and r.recipient = any(callsigns) and r.state = 'unread'
       and (why = 'deregistered' or (select m.bounce_stale from fleet_state.messages m where m.message_id = r.message_id));
    if drafts is null then
        w.result := '[]';
        return w;
    end if;
    w := fleet_log.put_all(w, drafts);
    -- One notice a sender and mailbox, not one a message; to who can still read it.
    for notice in
        select d.sender, d.recipient, count(*) as n, bool_or(d.ack_required) as ack,
               string_agg(d.message_id || '  ' || d.subject, E'\n' order by d.sent_seq) filter (where d.place <= 20) as list
          from (select m.*, x.data ->> 'recipient' as recipient,
                       row_number() over (partition by m.sender, x.data ->> 'recipient' order by m.sent_seq) as place
                  from unnest(drafts) x
                 cross join lateral (select * from fleet_state.messages y where y.message_id = x.stream_id offset 0) m) d
          join fleet_state.pilots p on p.project = d.project and p.callsign = d.sender and p.state <> 'deregistered'
         where d.sender <> d.recipient
         group by d.sender, d.recipient
         order by d.sender, d.recipient collate "C"
    loop
        w.project := bounce_mail.project;
        w := fleet_log.send_squawk(w, 'system', array[notice.sender],
            format('Not read: mail to %s came back', notice.recipient),
            format(E'%s is %s. It has not read %s of your messages:\n%s%s', notice.recipient, why, notice.n, notice.list,
                   case when notice.n > 20 then format(E'\nand %s more', notice.n - 20) else '' end),
            jsonb_build_object('importance', case when notice.ack then 'high' else 'normal' end,
                               'causation_id', bounce_mail.causation_id));
    end loop;
    w.project := caller.project;
    w.result := ids;
    return w;
end $$;
comment on function fleet_log.bounce_mail is
    'Unread mail of pilots that go: comes back to its senders, or waits. Example, in a command: w := fleet_log.bounce_mail(w, w.project, array[name], ''deregistered'', w.event_id)';

create function fleet_log.unanswered_mail(w fleet_log.work)
returns table (project text, message_id text, sender text, recipient text, subject text, importance text,
               sent_at timestamptz, due_at timestamptz, thread_id text, sortie_id text, mission_id text, event_seq bigint)
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
#variable_conflict use_column
begin
    return query
    with due as materialized (
        -- What was overdue for a day without being told about was missed while nobody swept: it is not news any more.
        select r.* from fleet_state.message_recipients r
         where r.awaits_ack and r.ack_due_at <= w.at and r.ack_due_at > w.at - interval '1 day'
           and not exists (select from fleet_live.reminders x
                            where x.message_id = r.message_id and x.recipient = r.recipient)
         order by r.ack_due_at, r.sent_seq limit 1000
    ), noted as (
        insert into fleet_live.reminders (message_id, recipient, reminded_at)
        select d.message_id, d.recipient, w.at from due d
        returning message_id, recipient
    )
    select d.project::text, d.message_id::text, d.sender::text, d.recipient::text, m.subject, m.importance,
           m.sent_at::timestamptz, d.ack_due_at::timestamptz, m.thread_id::text, m.sortie_id::text, m.mission_id::text,
           m.sent_seq
      from due d
      join noted n on n.message_id = d.message_id and n.recipient = d.recipient
     cross join lateral (select * from fleet_state.messages y where y.message_id = d.message_id offset 0) m
     order by d.ack_due_at, d.sent_seq, d.recipient;
end $$;
comment on function fleet_log.unanswered_mail is
    'Takes the acknowledgements that became overdue: each is given once. Example, in a command: for item in select * from fleet_log.unanswered_mail(w) loop … end loop';

create function fleet_log.sweep_mail(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Kept longer than unanswered_mail looks back, so that nothing is told twice.
    delete from fleet_live.reminders r where r.reminded_at < w.at - interval '2 days';
    -- A round counts to ten thousand: it runs every few seconds, and nobody else writes meanwhile.
    w.result := jsonb_build_object('overdue', (
        select count(*) from (select from fleet_state.message_recipients r
                               where r.awaits_ack and r.ack_due_at <= w.at limit 10000) x));
    return w;
end $$;
comment on function fleet_log.sweep_mail is
    'The leader''s round over mail: how many acknowledgements are overdue. Example, in a command: w := fleet_log.sweep_mail(w)';
