-- Reading, acknowledging, and changing what nobody has read yet.

create function fleet_log.mailbox_refusal(w fleet_log.work, m fleet_state.messages)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if m.message_id is null then
        return fleet_log.refuse(w, 'not_found', '/args/message_id', 'no message ' || (w.args ->> 'message_id'),
                                'fleet mail inbox lists what there is');
    end if;
    return fleet_log.refuse(w, 'forbidden', '/args/message_id',
        format('%s is not a recipient of this message', w.actor), 'anybody may look at it: fleet mail show',
        jsonb_build_object('from', m.sender, 'to', m.recipients));
end $$;
comment on function fleet_log.mailbox_refusal is
    'Refuses what only a recipient may do. Example, in a command: return fleet_log.mailbox_refusal(w, m)';

create function fleet_log.mailbox_row(message_id text, recipient text)
returns fleet_state.message_recipients
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found fleet_state.message_recipients;
begin
    select * into found from fleet_state.message_recipients r
     where r.message_id = mailbox_row.message_id and r.recipient = mailbox_row.recipient;
    return found;
end $$;
comment on function fleet_log.mailbox_row is
    'A message in one mailbox, or nulls. Example, in a command: r := fleet_log.mailbox_row(m.message_id, box)';

create function fleet_log.mailbox_answer(w fleet_log.work, message_id text, recipient text, changed boolean)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.messages;
begin
    select * into m from fleet_state.messages x where x.message_id = mailbox_answer.message_id;
    -- The status is the one in this mailbox; a sender who is no recipient sees the message's own.
    w.result := fleet_log.message_json(m)
        || coalesce(fleet_log.mailbox_json(fleet_log.mailbox_row(m.message_id, mailbox_answer.recipient)), '{}')
        || jsonb_build_object('changed', mailbox_answer.changed);
    return w;
end $$;
comment on function fleet_log.mailbox_answer is
    'Answers a message as it is in one mailbox now. Example, in a command: return fleet_log.mailbox_answer(w, m.message_id, box, true)';

create function fleet_log.do_read_message(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m constant fleet_state.messages := fleet_log.find_message(w, w.args ->> 'message_id');
    box constant text := fleet_log.mailbox_of(w, m);
    r fleet_state.message_recipients;
    receipts constant boolean := m.sender = w.actor and exists (
        -- Not by the index of pending receipts: those of one message are few.
        select from fleet_state.message_recipients x
         where x.message_id = m.message_id and coalesce(x.receipt_pending, false));
begin
    if m.message_id is null or (box is null and m.sender <> w.actor) then
        return fleet_log.mailbox_refusal(w, m);
    end if;
    r := fleet_log.mailbox_row(m.message_id, box);
    -- Reading again writes nothing: a retry, or a second look, is no news to the sender.
    if r.read_at is not null or r.message_id is null then
        if receipts then
            w := fleet_log.put(w, 'message_read', 'message', m.message_id, jsonb_build_object('reader', w.actor),
                               null, m.thread_id);
        end if;
        return fleet_log.mailbox_answer(w, m.message_id, box, receipts);
    end if;
    w := fleet_log.check_transition(w, 'message recipient', r.state, 'message_read');
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'message_read', 'message', m.message_id, jsonb_build_object('reader', box), null, m.thread_id);
    return fleet_log.mailbox_answer(w, m.message_id, box, true);
end $$;
comment on function fleet_log.do_read_message is
    'Command read_message. Example: select * from fleet.read_message(''demo'', ''raven-1'', ''msg_01…'')';

create function fleet_log.do_ack_message(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m constant fleet_state.messages := fleet_log.find_message(w, w.args ->> 'message_id');
    box constant text := fleet_log.mailbox_of(w, m);
    response constant text := w.args ->> 'response';
    r fleet_state.message_recipients;
begin
    if m.message_id is null or box is null then
        return fleet_log.mailbox_refusal(w, m);
    end if;
    r := fleet_log.mailbox_row(m.message_id, box);
    if r.acked_at is not null then   -- the first acknowledgement counts
        return fleet_log.mailbox_answer(w, m.message_id, box, false);
    end if;
    w := fleet_log.check_transition(w, 'message recipient', r.state, 'message_acked');
    if w.code is null and response is not null then
        w := fleet_log.text_refusal(w, response, '/args/response');
    end if;
    if w.code is not null then
        return w;
    end if;
    w := fleet_log.put(w, 'message_acked', 'message', m.message_id, jsonb_build_object('acker', box,
        'response_digest', case when response is not null then fleet_log.keep_body(response) end,
        'response_bytes', octet_length(response)), null, m.thread_id);
    return fleet_log.mailbox_answer(w, m.message_id, box, true);
end $$;
comment on function fleet_log.do_ack_message is
    'Command ack_message: reads it, too. Example: select * from fleet.ack_message(''demo'', ''raven-1'', ''msg_01…'', ''on it'')';

create function fleet_log.do_update_message(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    m fleet_state.messages := fleet_log.find_message(w, w.args ->> 'message_id');
    body constant text := w.args ->> 'body';
    readers text[];
    digest text;
begin
    if m.message_id is null then
        return fleet_log.mailbox_refusal(w, m);
    elsif m.sender <> w.actor then
        return fleet_log.refuse(w, 'forbidden', '/args/message_id', 'only its sender changes a message',
                                'answer it instead', jsonb_build_object('from', m.sender));
    elsif (w.args ->> 'expected_version')::int <> m.version then
        return fleet_log.refuse(w, 'if_match_failed', '/args/expected_version',
            format('the message is at version %s', m.version), null, jsonb_build_object('stream_version', m.version));
    end if;
    readers := array(select r.recipient from fleet_state.message_recipients r
                      where r.message_id = m.message_id and r.read_at is not null order by r.recipient);
    if cardinality(readers) > 0 or fleet_log.message_status(m.message_id) = 'bounced' then
        return fleet_log.refuse(w, 'transition_refused', '/args/message_id',
            coalesce('it was read by ' || nullif(array_to_string(readers, ', '), ''), 'it came back'), 'send another one',
            jsonb_build_object('found', fleet_log.message_status(m.message_id), 'asked', 'message_updated',
                               'allowed', '[]'::jsonb, 'read_by', readers));
    end if;
    w := fleet_log.text_refusal(w, body, '/args/body');
    if w.code is not null then
        return w;
    end if;
    if encode(sha256(convert_to(body, 'UTF8')), 'hex') <> m.body_digest then
        digest := fleet_log.keep_body(body);
        w := fleet_log.put(w, 'message_updated', 'message', m.message_id, jsonb_build_object('body_digest', digest,
            'body_bytes', octet_length(body), 'reason', w.args ->> 'reason'), null, m.thread_id);
        update fleet_log.mail_words x
           set body_digest = digest, words = setweight(to_tsvector('english', m.subject), 'A')
                                             || setweight(to_tsvector('english', body), 'B')
         where x.message_id = m.message_id;
    end if;
    select * into m from fleet_state.messages x where x.message_id = m.message_id;
    w.result := fleet_log.message_json(m) || jsonb_build_object('changed', digest is not null);
    return w;
end $$;
comment on function fleet_log.do_update_message is
    'Command update_message. Example: select * from fleet.act(''[{"op":"update_message","project":"demo","args":{"message_id":"msg_01…","body":"At one."}}]'')';
