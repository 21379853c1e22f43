-- A squawk and a conversation as JSON: what commands answer, lists show and clients read.

create function fleet_log.sender_json(project text, sender text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- A text is shown with who wrote it: what a pilot says is data, whatever it looks like.
    return coalesce((
        select jsonb_strip_nulls(jsonb_build_object('callsign', p.callsign, 'kind', 'pilot', 'program', p.program,
                   'model', p.model, 'role', p.role, 'status', p.state))
          from fleet_state.pilots p where p.project = sender_json.project and p.callsign = sender_json.sender),
        jsonb_build_object('callsign', sender,
                           'kind', case when sender = 'system' then 'system' else 'person' end));
end $$;
comment on function fleet_log.sender_json is
    'Who wrote: a pilot with its program, a person, or system. Example: select fleet_log.sender_json(''demo'', ''viper-1'')';

create function fleet_log.message_status(message_id text)
returns text
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (select case min(case r.state when 'unread' then 1 when 'read' then 2 when 'acked' then 3 else 4 end)
                        when 1 then 'unread' when 2 then 'read' when 3 then 'acked' else 'bounced' end
              from fleet_state.message_recipients r where r.message_id = message_status.message_id);
end $$;
comment on function fleet_log.message_status is
    'What the least advanced recipient did: unread, read, acked; bounced if none is left. Example: select fleet_log.message_status(''msg_01…'')';

create function fleet_log.message_json(m fleet_state.messages)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'message_id', m.message_id, 'project', m.project, 'thread_id', m.thread_id, 'in_reply_to', m.in_reply_to,
        'from', m.sender, 'sender', fleet_log.sender_json(m.project, m.sender), 'to', m.recipients,
        'subject', m.subject, 'body_digest', m.body_digest, 'body_bytes', m.body_bytes, 'importance', m.importance,
        'ack_required', m.ack_required, 'ack_seconds', m.ack_seconds, 'bounce_stale', m.bounce_stale,
        'ack_due_at', fleet_log.json_time(m.sent_at + make_interval(secs => m.ack_seconds)),
        'sortie_id', m.sortie_id, 'mission_id', m.mission_id, 'attachments', coalesce(m.attachments, '[]'),
        'status', fleet_log.message_status(m.message_id), 'sent_at', fleet_log.json_time(m.sent_at),
        'updated_at', fleet_log.json_time(m.updated_at), 'stream_version', m.version, 'last_seq', m.last_seq));
end $$;
comment on function fleet_log.message_json is
    'A message without its text, as commands answer it. Example: select fleet_log.message_json(m) from fleet_state.messages m';

create function fleet_log.mailbox_json(r fleet_state.message_recipients)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_strip_nulls(jsonb_build_object(
        'callsign', r.recipient, 'status', r.state, 'read_at', fleet_log.json_time(r.read_at),
        'acked_at', fleet_log.json_time(r.acked_at), 'bounced_at', fleet_log.json_time(r.bounced_at),
        'bounce_reason', r.bounce_reason, 'response_digest', r.response_digest));
end $$;
comment on function fleet_log.mailbox_json is
    'What one recipient did with a message. Example: select fleet_log.mailbox_json(r) from fleet_state.message_recipients r';

create function fleet_log.response_json(digest text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    said constant jsonb := fleet_log.body_json('response', digest, 2000);
begin
    return said - 'redacted' || case when said ? 'redacted'
        then jsonb_build_object('response_redacted', said -> 'redacted') else '{}' end;
end $$;
comment on function fleet_log.response_json is
    'What came with an acknowledgement, as a member. Example: select fleet_log.response_json(r.response_digest) from fleet_state.message_recipients r';

create function fleet_log.message_page(id text, most int)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.messages;
begin
    select * into m from fleet_state.messages x where x.message_id = message_page.id;
    return case when m.message_id is not null
                then fleet_log.message_json(m) || fleet_log.body_json('body', m.body_digest, message_page.most) end;
end $$;
comment on function fleet_log.message_page is
    'A message with its text, cut at so many characters. Example: select fleet_log.message_page(''msg_01…'', 2000)';

create function fleet_log.thread_json(t fleet_state.threads)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_build_object(
        'thread_id', t.thread_id, 'project', t.project, 'title', t.title, 'participants', t.participants,
        'messages_count', t.messages_count, 'created_by', t.created_by, 'created_at', fleet_log.json_time(t.created_at),
        'last_message_id', t.last_message_id, 'last_message_at', fleet_log.json_time(t.last_message_at),
        'status', 'open', 'stream_version', t.version, 'last_seq', t.last_seq);
end $$;
comment on function fleet_log.thread_json is
    'A conversation as JSON. Example: select fleet_log.thread_json(t) from fleet_state.threads t';
