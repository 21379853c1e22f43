-- Mail for people.

create view fleet.messages as
select m.sent_at, m.sender as "from", array_to_string(m.recipients, ', ') as "to", m.importance, m.subject,
       (select case min(case r.state when 'unread' then 1 when 'read' then 2 when 'acked' then 3 else 4 end)
                    when 1 then 'unread' when 2 then 'read' when 3 then 'acked' else 'bounced' end
          from fleet_state.message_recipients r where r.message_id = m.message_id) as status,
       case when b.redacted_at is null then b.body else '(erased by ' || b.redacted_by || ': ' || b.redact_reason || ')' end
           as body,
       m.project, m.thread_id, m.in_reply_to, m.ack_required, m.sortie_id, m.mission_id, m.attachments, m.updated_at,
       m.message_id, m.version, m.last_seq
  from fleet_state.messages m
  left join fleet_log.bodies b on b.digest = m.body_digest;
comment on view fleet.messages is 'Squawks. Example: select sent_at, "from", subject, status from fleet.messages where project = ''demo'' order by sent_at desc limit 20';

create view fleet.message_recipients as
select m.sent_at, m.sender as "from", r.recipient, r.state as status, m.subject, r.read_at, r.acked_at,
       case when b.redacted_at is null then b.body else '(erased by ' || b.redacted_by || ')' end as response,
       r.ack_due_at, r.awaits_ack and r.ack_due_at <= clock_timestamp() as overdue, r.bounced_at, r.bounce_reason,
       r.project, r.message_id, r.last_seq
  from fleet_state.message_recipients r
  join fleet_state.messages m on m.message_id = r.message_id
  left join fleet_log.bodies b on b.digest = r.response_digest;
comment on view fleet.message_recipients is 'Who got, read and acknowledged what. Example: select * from fleet.message_recipients where overdue';

create view fleet.threads as
select t.last_message_at, t.title, t.messages_count as messages, array_to_string(t.participants, ', ') as participants,
       t.created_by, t.created_at, t.project, t.thread_id, t.last_message_id, t.version, t.last_seq
  from fleet_state.threads t;
comment on view fleet.threads is 'Conversations. Example: select * from fleet.threads where project = ''demo'' order by last_message_at desc';

create view fleet.inbox_unread as
select fleet_log.short_project(r.project) as project, fleet_log.cut(r.recipient, 12) as recipient, m.importance,
       fleet_log.cut(m.sender, 12) as "from", fleet_log.cut(m.subject, 22) as subject,
       fleet_log.cut(translate(left(b.body, 100), E'\n\t', '  '), 25) as body, '…' || right(r.message_id, 6) as id
  from fleet_state.message_recipients r
  join fleet_state.messages m on m.message_id = r.message_id
  left join fleet_log.bodies b on b.digest = m.body_digest
 where r.state = 'unread'
 order by r.project, r.recipient, r.rank desc, r.sent_seq;
comment on view fleet.inbox_unread is 'Mail that was not read, by mailbox, the most important first; fleet.read_message shows all of one. Example: select * from fleet.inbox_unread where recipient = ''raven-1''';

do $$
declare
    words jsonb := '{
        "sent_at": "When it was sent.", "from": "Who sent it.", "to": "Everyone it was addressed to.",
        "importance": "low, normal, high or urgent.", "subject": "One line.",
        "status": "unread, read, acked or bounced; of a message: what the least advanced recipient did.",
        "body": "The text, or who erased it.", "project": "Key of the project.", "thread_id": "Conversation.",
        "in_reply_to": "Message it answers.", "ack_required": "True if the sender waits for an acknowledgement.",
        "sortie_id": "Sortie it is about.", "mission_id": "Mission it is about.", "attachments": "References.",
        "updated_at": "When its text was replaced, if it was.", "message_id": "msg_ id.",
        "version": "Version of the stream; the ETag.", "last_seq": "Last event that changed it.",
        "recipient": "Whose mailbox.", "read_at": "When it was read.", "acked_at": "When it was acknowledged.",
        "response": "What was answered with the acknowledgement.", "ack_due_at": "When an acknowledgement is overdue.",
        "overdue": "True if it is overdue now.", "bounced_at": "When it came back.", "bounce_reason": "Why it came back.",
        "last_message_at": "When its latest message was sent.", "title": "Subject of its first message.",
        "messages": "How many messages it has.", "participants": "Who wrote or was written to.",
        "created_by": "Who began it.", "created_at": "When it began.", "last_message_id": "Its latest message.",
        "id": "End of the msg_ id, which commands take as well."}';
    item record;
begin
    for item in
        select c.oid::regclass as name, a.attname
          from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
         where c.oid = any(array['fleet.messages', 'fleet.message_recipients', 'fleet.threads',
                                 'fleet.inbox_unread']::regclass[])
    loop
        execute format('comment on column %s.%I is %L', item.name, item.attname, words ->> item.attname);
    end loop;
end $$;
