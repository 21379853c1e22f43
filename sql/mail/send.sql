-- Sending: to whom, in which thread, what of it is refused; then the events, in one transaction.

create function fleet_log.attachments_problem(given jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if given is null then
        return null;
    elsif exists (select from jsonb_path_query(given, '$[*].* ? (@.type() == "string")') v
                   where v #>> '{}' ~ '[[:cntrl:]]') then
        return jsonb_build_object('code', 'invalid_field', 'field', '/args/attachments',
            'message', 'must be references without control characters');
    elsif octet_length(given::text) > 16384 then
        return jsonb_build_object('code', 'too_large', 'field', '/args/attachments',
            'message', 'the references are over 16 KiB together');
    end if;
    return fleet_log.field_problem('[{"name": "attachments", "type": "objects", "min": 0, "max": 16, "fields": [
        {"name": "name", "type": "string", "min": 1, "max": 200}, {"name": "uri", "type": "string", "min": 1, "max": 2000},
        {"name": "digest", "type": "string", "optional": true, "min": 1, "max": 200},
        {"name": "bytes", "type": "integer", "optional": true, "min": 0, "max": 1073741824}]}]',
        jsonb_build_object('attachments', given), '/args');
end $$;
comment on function fleet_log.attachments_problem is
    'What is wrong with attachments, or null. Example: select fleet_log.attachments_problem(''[{"name": "a", "uri": "file:///a"}]'')';

create function fleet_log.text_refusal(w fleet_log.work, body text, field text)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    erased text;
begin
    if octet_length(body) > 65536 then
        return fleet_log.refuse(w, 'too_large', field,
            format('the text has %s bytes; the limit is 65536 (64 KiB)', octet_length(body)),
            'put the bulk into a file and attach a reference');
    end if;
    erased := fleet_log.body_problem(body);
    if erased is not null then
        return fleet_log.refuse(w, 'forbidden', field, erased, 'nobody could read it: say it in other words');
    end if;
    return w;
end $$;
comment on function fleet_log.text_refusal is
    'Refuses a text that is too long or was erased. Example, in a command: w := fleet_log.text_refusal(w, w.args ->> ''body'', ''/args/body'')';

create function fleet_log.post_squawk(
    w fleet_log.work, message_id text, data jsonb, body text, title text, lost jsonb, causation_id text default null)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    thread constant text := data ->> 'thread_id';
    digest constant text := fleet_log.keep_body(body);
    sent text;
    item record;
begin
    if title is not null then
        w := fleet_log.put(w, 'thread_created', 'thread', thread, jsonb_build_object('title', title, 'participants', (
            select jsonb_agg(distinct p.name collate "C")
              from jsonb_array_elements_text(data -> 'to' || jsonb_build_array(data -> 'from')) p(name))),
            post_squawk.causation_id, thread);
    end if;
    w := fleet_log.put(w, 'message_sent', 'message', post_squawk.message_id,
        data || jsonb_build_object('body_digest', digest, 'body_bytes', octet_length(body)),
        post_squawk.causation_id, thread);
    sent := w.event_id;
    insert into fleet_log.mail_words (message_id, body_digest, words)
    values (post_squawk.message_id, digest, setweight(to_tsvector('english', data ->> 'subject'), 'A')
                                            || setweight(to_tsvector('english', body), 'B'));
    for item in select l.v ->> 'callsign' as name, l.v ->> 'reason' as reason from jsonb_array_elements(lost) l(v) loop
        w := fleet_log.put(w, 'message_bounced', 'message', post_squawk.message_id,
            jsonb_build_object('recipient', item.name, 'reason', item.reason), sent, thread);
    end loop;
    w.event_id := sent;
    return w;
end $$;
comment on function fleet_log.post_squawk is
    'Writes a message that was found sound: its thread if it opens one, itself, and what bounces. Example, in a command: w := fleet_log.post_squawk(w, id, data, body, title, lost)';

create function fleet_log.send_refusal(w fleet_log.work, to_whom jsonb)
returns fleet_log.work
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found jsonb;
    taken text;
begin
    if w.args ->> 'subject' ~ '[[:cntrl:]]' then
        return fleet_log.refuse(w, 'invalid_field', '/args/subject', 'must be one line without control characters');
    elsif exists (select from jsonb_array_elements_text(to_whom -> 'to') t(name) where t.name ~ '[[:cntrl:]]') then
        return fleet_log.refuse(w, 'invalid_field', '/args/to', 'must be names without control characters');
    end if;
    found := fleet_log.attachments_problem(nullif(w.args -> 'attachments', 'null'));
    if found is not null then
        return fleet_log.refuse(w, found ->> 'code', found ->> 'field', found ->> 'message');
    end if;
    w := fleet_log.text_refusal(w, w.args ->> 'body', '/args/body');
    if w.code is not null then
        return w;
    end if;
    if jsonb_array_length(to_whom -> 'to') > 1000 then
        return fleet_log.refuse(w, 'too_many', '/args/to', format('these are %s recipients; the limit is 1000',
            jsonb_array_length(to_whom -> 'to')), 'send it to a role, or in parts');
    elsif jsonb_array_length(to_whom -> 'to') = jsonb_array_length(to_whom -> 'lost') then
        return fleet_log.refuse(w, 'not_found', '/args/to', 'none of the recipients can get it', 'fleet pilots list',
            jsonb_build_object('recipients', to_whom -> 'lost'));
    end if;
    taken := (select m.project from fleet_state.messages m where m.message_id = w.args ->> 'message_id');
    if taken is not null then
        return fleet_log.refuse(w, 'version_conflict', '/args/message_id', 'this id is another message''s', 'draw a new id');
    end if;
    taken := (select t.project from fleet_state.threads t where t.thread_id = w.args ->> 'new_thread_id');
    if taken is not null then
        return fleet_log.refuse(w, 'version_conflict', '/args/new_thread_id', 'this id is another thread''s',
                                'draw a new id');
    end if;
    return w;
end $$;
comment on function fleet_log.send_refusal is
    'Refuses a message that cannot be sent as it is. Example, in a command: w := fleet_log.send_refusal(w, fleet_log.squawk_recipients(w.project, w.actor, names, false))';

create function fleet_log.do_send_message(w fleet_log.work)
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    stale_too constant boolean := coalesce((w.args ->> 'bounce_stale')::boolean, false);
    ack constant boolean := coalesce((w.args ->> 'ack_required')::boolean, false);
    names text[] := array(select jsonb_array_elements_text(nullif(w.args -> 'to', 'null')));
    thread text := fleet_log.find_thread(w, w.args ->> 'thread_id');
    id constant text := coalesce(w.args ->> 'message_id', fleet.new_id('msg'));
    subject text := w.args ->> 'subject';
    parent fleet_state.messages;
    to_whom jsonb;
    opens boolean;
    sent fleet_state.messages;
begin
    if (select p.state from fleet_state.pilots p where p.project = w.project and p.callsign = w.actor) = 'deregistered' then
        return fleet_log.refuse(w, 'transition_refused', '', w.actor || ' is deregistered',
            format('fleet pilots register %s --resume', w.actor),
            '{"found": "deregistered", "asked": "message_sent", "allowed": []}');
    end if;
    if w.args ->> 'in_reply_to' is not null then
        parent := fleet_log.find_message(w, w.args ->> 'in_reply_to');
        if parent.message_id is null then
            return fleet_log.refuse(w, 'not_found', '/args/in_reply_to', 'no message ' || (w.args ->> 'in_reply_to'));
        elsif w.args ->> 'thread_id' is not null and thread is distinct from parent.thread_id then
            return fleet_log.refuse(w, 'invalid_field', '/args/thread_id',
                'the message answered is in the thread ' || parent.thread_id,
                'leave thread_id out: a reply takes the thread');
        end if;
        thread := parent.thread_id;
        subject := coalesce(subject, left(regexp_replace(parent.subject, '^(?!re: )', 'Re: ', 'i'), 200));
        if cardinality(names) = 0 then
            -- What a pilot or the fleet said is answered to it; a person has no mailbox but the operators'.
            names := case when exists (select from fleet_state.pilots p where p.project = w.project
                                                                          and p.callsign = parent.sender)
                          then array[parent.sender] else '{operator}' end;
            if parent.sender = w.actor then
                names := parent.recipients;
            end if;
        end if;
    elsif thread is null and w.args ->> 'thread_id' is not null then
        return fleet_log.refuse(w, 'not_found', '/args/thread_id', 'no thread ' || (w.args ->> 'thread_id'),
                                'leave thread_id out to open one');
    end if;
    if cardinality(names) = 0 or subject is null then
        return fleet_log.refuse(w, 'invalid_field', case when subject is null then '/args/subject' else '/args/to' end,
                                'is missing; only a reply (in_reply_to) goes without');
    end if;
    to_whom := fleet_log.squawk_recipients(w.project, w.actor, names, stale_too);
    w := fleet_log.send_refusal(w, to_whom);
    if w.code is null and coalesce(w.args ->> 'sortie_id', w.args ->> 'mission_id') is not null then
        w := fleet_log.with_subject(w);
    end if;
    if w.code is not null then
        return w;
    end if;
    opens := thread is null;
    thread := coalesce(thread, w.args ->> 'new_thread_id', fleet.new_id('thr'));
    w := fleet_log.post_squawk(w, id, jsonb_build_object(
        'from', w.actor, 'to', to_whom -> 'to', 'subject', subject, 'thread_id', thread,
        'in_reply_to', parent.message_id, 'importance', coalesce(w.args ->> 'importance', 'normal'),
        'ack_required', ack, 'ack_seconds', case when ack then coalesce((w.args ->> 'ack_seconds')::int, 900) end,
        'bounce_stale', nullif(stale_too, false), 'sortie_id', w.args ->> 'sortie_id',
        'mission_id', w.args ->> 'mission_id', 'attachments', nullif(nullif(w.args -> 'attachments', 'null'), '[]')),
        w.args ->> 'body', case when opens then subject end, to_whom -> 'lost');
    select * into sent from fleet_state.messages m where m.message_id = id;
    w.result := fleet_log.message_json(sent) || jsonb_build_object('thread_created', opens,
        'bounced', to_whom -> 'lost');
    return w;
end $$;
comment on function fleet_log.do_send_message is
    'Command send_message. Example: select * from fleet.send_message(''demo'', ''viper-1'', ''{raven-1}'', ''Lunch'', ''At noon?'')';

create function fleet_log.send_squawk(
    w fleet_log.work, "from" text, "to" text[], subject text, body text, options jsonb default '{}')
returns fleet_log.work
language plpgsql volatile set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    caller constant fleet_log.work := w;
    line constant text := coalesce(nullif(left(regexp_replace(send_squawk.subject, '[[:cntrl:]]+', ' ', 'g'), 200), ''),
                                   'Notice');
    ack constant boolean := coalesce((options ->> 'ack_required')::boolean, false);
    parent constant fleet_state.messages := fleet_log.find_message(w, options ->> 'in_reply_to');
    thread text := coalesce(parent.thread_id, fleet_log.find_thread(w, options ->> 'thread_id'));
    to_whom constant jsonb := fleet_log.squawk_recipients(w.project, send_squawk."from", send_squawk."to", false);
    opens constant boolean := thread is null;
begin
    -- Part of another command: it must not fail because nobody is there to hear of it.
    if jsonb_array_length(to_whom -> 'to') > 1000
       or jsonb_array_length(to_whom -> 'to') = jsonb_array_length(to_whom -> 'lost') then
        return w;
    end if;
    thread := coalesce(thread, fleet.new_id('thr'));
    w.actor := send_squawk."from";
    w := fleet_log.post_squawk(w, fleet.new_id('msg'), jsonb_build_object(
        'from', send_squawk."from", 'to', to_whom -> 'to', 'subject', line, 'thread_id', thread,
        'in_reply_to', parent.message_id, 'importance', coalesce(options ->> 'importance', 'normal'),
        'ack_required', ack, 'ack_seconds', case when ack then coalesce((options ->> 'ack_seconds')::int, 900) end,
        'sortie_id', options ->> 'sortie_id', 'mission_id', options ->> 'mission_id'),
        coalesce(nullif(left(send_squawk.body, 16384), ''), line), case when opens then line end,
        to_whom -> 'lost', options ->> 'causation_id');
    w.actor := caller.actor;
    return w;
end $$;
comment on function fleet_log.send_squawk is
    'Sends a message as part of another command; nothing happens when nobody can get it. Example, in a command: w := fleet_log.send_squawk(w, ''system'', ''{viper-1}'', ''Your sortie failed'', ''…'', ''{"importance": "high"}'')';
