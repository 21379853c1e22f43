-- Wrappers for people at psql: mail, and erasing what should not have been said.

create function fleet.send_message(
    project text, actor text, "to" text[], subject text, body text, importance text default 'normal',
    ack_required boolean default false, thread_id text default null, sortie_id text default null,
    mission_id text default null)
returns table (ok boolean, message_id text, thread_id text, bounced text, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'message_id', a.result ->> 'thread_id',
           (select string_agg(b ->> 'callsign' || ' (' || (b ->> 'reason') || ')', ', ')
              from jsonb_array_elements(coalesce(a.result -> 'bounced', a.detail -> 'recipients')) b),
           a.code, a.field, a.message, a.hint
      from fleet_log.ask('send_message', $1, $2, jsonb_build_object('to', $3, 'subject', $4, 'body', $5, 'importance', $6,
               'ack_required', $7, 'thread_id', $8, 'sortie_id', $9, 'mission_id', $10)) a
$$;
comment on function fleet.send_message is
    'Sends a squawk to callsigns, * or role:NAME. Example: select * from fleet.send_message(''demo'', ''viper-1'', ''{raven-1}'', ''Lunch'', ''At noon?'')';

create function fleet.reply(
    project text, actor text, in_reply_to text, body text, "to" text[] default null, importance text default 'normal',
    ack_required boolean default false)
returns table (ok boolean, message_id text, thread_id text, "to" text, code text, field text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'message_id', a.result ->> 'thread_id',
           (select string_agg(t.name, ', ') from jsonb_array_elements_text(a.result -> 'to') t(name)),
           a.code, a.field, a.message, a.hint
      from fleet_log.ask('send_message', $1, $2, jsonb_build_object('in_reply_to', $3, 'body', $4, 'to', $5,
               'importance', $6, 'ack_required', $7)) a
$$;
comment on function fleet.reply is
    'Answers a squawk, in its thread. Example: select * from fleet.reply(''demo'', ''raven-1'', ''msg_01…'', ''Gladly.'')';

create function fleet.read_message(project text, actor text, message_id text)
returns table (ok boolean, "from" text, program text, subject text, body text, sent_at text, status text, code text,
               message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'from', a.result #>> '{sender,program}', a.result ->> 'subject',
           case when a.code is null then coalesce(fleet_log.body_of(a.result ->> 'body_digest'), '(erased)') end,
           a.result ->> 'sent_at', a.result ->> 'status', a.code, a.message, a.hint
      from fleet_log.ask('read_message', $1, $2, jsonb_build_object('message_id', $3)) a
$$;
comment on function fleet.read_message is
    'Marks a squawk as read and shows it. Example: select * from fleet.read_message(''demo'', ''raven-1'', ''msg_01…'')';

create function fleet.ack_message(project text, actor text, message_id text, response text default null)
returns table (ok boolean, "from" text, subject text, status text, acked_at text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, a.result ->> 'from', a.result ->> 'subject', a.result ->> 'status', a.result ->> 'acked_at',
           a.code, a.message, a.hint
      from fleet_log.ask('ack_message', $1, $2, jsonb_build_object('message_id', $3, 'response', $4)) a
$$;
comment on function fleet.ack_message is
    'Acknowledges a squawk. Example: select * from fleet.ack_message(''demo'', ''raven-1'', ''msg_01…'', ''on it'')';

create function fleet.update_message(
    project text, actor text, message_id text, body text, reason text default null)
returns table (ok boolean, changed boolean, updated_at text, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, (a.result ->> 'changed')::boolean, a.result ->> 'updated_at', a.code, a.message, a.hint
      from fleet_log.ask('update_message', $1, $2, jsonb_build_object('message_id', $3, 'body', $4, 'reason', $5)) a
$$;
comment on function fleet.update_message is
    'Puts another text in place of one that nobody has read. Example: select * from fleet.update_message(''demo'', ''viper-1'', ''msg_01…'', ''At one.'')';

create function fleet.search_messages(
    project text, q text, callsign text default null, "from" text default null, thread_id text default null,
    most int default 20)
returns table (sent_at timestamptz, "from" text, subject text, snippet text, rank real, message_id text, thread_id text)
language sql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select (s.item ->> 'sent_at')::timestamptz, s.item ->> 'from', s.item ->> 'subject',
           s.item ->> 'snippet', (s.item ->> 'rank')::real, s.item ->> 'message_id', s.item ->> 'thread_id'
      from (select f.item::jsonb as item, f.n
              from fleet.search_mail(jsonb_strip_nulls(jsonb_build_object('project', $1, 'q', $2, 'callsign', $3,
                       'from', $4, 'thread_id', $5, 'limit', $6))) with ordinality f(item, cursor_key, n)) s
     order by s.n
$$;
comment on function fleet.search_messages is
    'Searches all mail of a project, the best match first; «…» marks what matched. Example: select * from fleet.search_messages(''demo'', ''parser header'')';

create function fleet.redact(event_id text, reason text)
returns table (ok boolean, redacted int, other_uses int, code text, message text, hint text)
language sql volatile security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
    select a.code is null, (a.result ->> 'redacted')::int, (a.result ->> 'other_uses')::int, a.code,
           coalesce(a.message, a.result ->> 'words'), a.hint
      from fleet_log.ask('redact', null, null, jsonb_build_object('event_id', $1, 'reason', $2)) a
$$;
comment on function fleet.redact is
    'Operators only: erases the texts of an event, wherever else they were used. Example: select * from fleet.redact(''evt_01…'', ''it held an access key'')';
