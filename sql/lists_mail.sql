-- What the faces list and show of mail; lists.sql has the rules. Mailboxes are not private between the pilots of a
-- project: whoever may read the project reads its mail.

create function fleet_log.message_cursor(after text)
returns bigint
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if message_cursor.after !~ '^\d{1,18}$' then
        perform fleet.refuse('invalid_field', 'is not a cursor of this list', '/after', 'leave it out to begin anew');
    end if;
    return message_cursor.after::bigint;
end $$;
comment on function fleet_log.message_cursor is
    'The seq a list goes on from, or null. Example: select fleet_log.message_cursor(''42'')';

create function fleet.list_messages(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
declare
    place constant text := nullif(filter ->> 'project', '');
    before constant bigint := fleet_log.message_cursor(nullif(filter ->> 'after', ''));
    -- From a mailbox, or from all messages: whichever is read is read by its index, the newest first.
    box constant boolean := filter ->> 'to' is not null;
    wanted constant text := concat_ws(' and ', 'true',
        case when box then 'r.recipient = $1 ->> ''to''' end,
        case when place is not null then case when box then 'r.' else 'm.' end || 'project = $1 ->> ''project''' end,
        case when before is not null then case when box then 'r.' else 'm.' end || 'sent_seq < $2' end,
        case when filter ->> 'from' is not null then 'm.sender = $1 ->> ''from''' end,
        case when filter ->> 'thread_id' is not null then 'm.thread_id = $4' end,
        case when filter ->> 'sortie_id' is not null then 'm.sortie_id = $1 ->> ''sortie_id''' end,
        case when filter ->> 'mission_id' is not null then 'm.mission_id = $1 ->> ''mission_id''' end,
        case when filter ->> 'importance' is not null
             then 'fleet_log.message_rank(m.importance) >= fleet_log.message_rank($1 ->> ''importance'')' end);
begin
    -- Planned for just these filters, as list_events is.
    return query execute format(
        'select fleet_log.message_page(x.message_id, 2000)::text, x.sent_seq::text
           from (select m.message_id, m.sent_seq from %s where %s order by %s.sent_seq desc limit $3) x
          order by x.sent_seq desc',
        case when box then 'fleet_state.message_recipients r cross join lateral (
                                select * from fleet_state.messages y where y.message_id = r.message_id offset 0) m'
             else 'fleet_state.messages m' end, wanted, case when box then 'r' else 'm' end)
        using filter, before, fleet_log.page_size(filter), fleet_log.thread_id_of(place, filter ->> 'thread_id');
end $$;
comment on function fleet.list_messages is
    'Messages as JSON, the newest first: project, from, to, thread_id, sortie_id, mission_id, importance (at least), limit, after. Example: select * from fleet.list_messages(''{"project":"demo"}'')';

create function fleet.show_message(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
declare
    id constant text := fleet_log.message_id_of(filter ->> 'project', filter ->> 'message_id');
begin
    return query
    select (page.item || jsonb_build_object('recipients', (
               select jsonb_agg(fleet_log.mailbox_json(r) - 'response_digest'
                                || fleet_log.response_json(r.response_digest) order by r.recipient)
                 from fleet_state.message_recipients r where r.message_id = id)))::text, id
      from (select fleet_log.message_page(id, null) as item offset 0) page
     where filter ->> 'project' is null or page.item ->> 'project' = filter ->> 'project';
end $$;
comment on function fleet.show_message is
    'One message as JSON, with its whole text and what each recipient did. Example: select item from fleet.show_message(''{"project":"demo","message_id":"msg_01…"}'')';

create function fleet.list_inbox(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
declare
    place constant text := filter ->> 'project';
    box constant text := filter ->> 'callsign';
    unread constant boolean := coalesce(filter ->> 'unread', 'true') = 'true';
    least_rank constant int := coalesce(fleet_log.message_rank(filter ->> 'importance'), 1);
    thread constant text := fleet_log.thread_id_of(place, filter ->> 'thread_id');
    sortie constant text := filter ->> 'sortie_id';
    after constant text := nullif(filter ->> 'after', '');
    after_rank int;
    after_seq bigint;
begin
    if unread then
        if after !~ '^[1-4]\.\d{1,18}$' then
            perform fleet_log.message_cursor('no');
        end if;
        after_rank := coalesce(split_part(after, '.', 1)::int, 4);
        after_seq := coalesce(split_part(after, '.', 2)::bigint, 0);
        -- The most important first; of equals the oldest, so that none is put off for ever.
        return query
        select (fleet_log.message_page(x.message_id, 2000) || fleet_log.inbox_part(x))::text, x.rank || '.' || x.sent_seq
          from (select r.* from fleet_state.message_recipients r
                 where r.project = place and r.recipient = box and r.state = 'unread'
                   and r.rank between least_rank and after_rank and (r.rank < after_rank or r.sent_seq > after_seq)
                   and ((thread is null and sortie is null) or (
                        select (thread is null or y.thread_id = thread) and (sortie is null or y.sortie_id = sortie)
                          from fleet_state.messages y where y.message_id = r.message_id))
                 order by r.rank desc, r.sent_seq limit fleet_log.page_size(filter)) x
         order by x.rank desc, x.sent_seq;
        return;
    end if;
    after_seq := coalesce(fleet_log.message_cursor(after), 9223372036854775807);
    return query
    select (fleet_log.message_page(x.message_id, 2000) || fleet_log.inbox_part(x))::text, x.sent_seq::text
      from (select r.* from fleet_state.message_recipients r
             where r.project = place and r.recipient = box and r.sent_seq < after_seq and r.rank >= least_rank
               and ((thread is null and sortie is null) or (
                    select (thread is null or y.thread_id = thread) and (sortie is null or y.sortie_id = sortie)
                      from fleet_state.messages y where y.message_id = r.message_id))
             order by r.sent_seq desc limit fleet_log.page_size(filter)) x
     order by x.sent_seq desc;
end $$;
comment on function fleet.list_inbox is
    'A mailbox as JSON: unread mail, the most important first, or (unread false) all of it, the newest first. Filters: project, callsign, unread, importance (at least), thread_id, sortie_id, limit, after. Example: select item from fleet.list_inbox(''{"project":"demo","callsign":"raven-1"}'')';

create function fleet_log.inbox_part(r fleet_state.message_recipients)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Laid over the message: the status is the one in this mailbox.
    return fleet_log.mailbox_json(r) - '{callsign,response_digest}'::text[] || fleet_log.response_json(r.response_digest);
end $$;
comment on function fleet_log.inbox_part is
    'What a message is in one mailbox. Example: select fleet_log.inbox_part(r) from fleet_state.message_recipients r';

create function fleet_log.pending_receipts(project text, sender text)
returns jsonb
language plpgsql stable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return (
        select coalesce(jsonb_agg(jsonb_build_object('message_id', m.message_id, 'subject', m.subject,
                   'thread_id', m.thread_id) || fleet_log.mailbox_json(r) - 'response_digest'
                   || fleet_log.response_json(r.response_digest) || jsonb_build_object('last_seq', r.last_seq)
                   order by r.last_seq desc), '[]')
          from (select x.* from fleet_state.message_recipients x
                 where x.project = pending_receipts.project and x.sender = pending_receipts.sender and x.receipt_pending
                 order by x.last_seq desc limit 20) r
         cross join lateral (select * from fleet_state.messages y where y.message_id = r.message_id offset 0) m);
end $$;
comment on function fleet_log.pending_receipts is
    'The latest twenty receipts that a sender has not seen. Example: select fleet_log.pending_receipts(''demo'', ''viper-1'')';

create function fleet.inbox_counts(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
declare
    place constant text := filter ->> 'project';
    box constant text := filter ->> 'callsign';
    ranks int[];
begin
    -- Counted, not kept: a number that is updated beside its rows is wrong one day.
    select array[count(*) filter (where r.rank = 1), count(*) filter (where r.rank = 2),
                 count(*) filter (where r.rank = 3), count(*) filter (where r.rank = 4)]
      into ranks
      from fleet_state.message_recipients r
     where r.project = place and r.recipient = box and r.state = 'unread';
    return query
    select jsonb_build_object(
               'project', place, 'callsign', box,
               'known', box = 'operator' or exists (
                   select from fleet_state.pilots p where p.project = place and p.callsign = box),
               'unread', ranks[1] + ranks[2] + ranks[3] + ranks[4],
               'unread_by_importance', jsonb_build_object(
                   'urgent', ranks[4], 'high', ranks[3], 'normal', ranks[2], 'low', ranks[1]),
               'unacked', (select count(*) from fleet_state.message_recipients r
                            where r.project = place and r.recipient = box and r.awaits_ack),
               'receipts', fleet_log.pending_receipts(place, box),
               'receipts_pending', (select count(*) from fleet_state.message_recipients r
                                     where r.project = place and r.sender = box and r.receipt_pending))::text, '';
end $$;
comment on function fleet.inbox_counts is
    'How much is unread and unacknowledged in a mailbox, and which receipts its owner has not seen, as JSON. Example: select item from fleet.inbox_counts(''{"project":"demo","callsign":"raven-1"}'')';

create function fleet_log.search_rows(asked jsonb, most int)
returns table (message_id text, rank real, query tsquery)
language plpgsql stable
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
declare
    wanted constant tsquery := websearch_to_tsquery('english', asked ->> 'q');
    after constant text := nullif(asked ->> 'after', '');
    thread constant text := fleet_log.thread_id_of(asked ->> 'project', asked ->> 'thread_id');
    after_rank real;
begin
    if wanted is null or numnode(wanted) = 0 then
        perform fleet.refuse('invalid_field', 'holds no word to look for', '/q', 'name a word that says more than "the"');
    elsif after !~ '^\d{1,10}(\.\d{1,12})?(e-\d{1,3})? msg_[0-9a-z]{26}$' then
        perform fleet_log.message_cursor('no');
    end if;
    after_rank := split_part(after, ' ', 1)::real;
    return query
    select x.message_id, x.rank, wanted
      from (select w.message_id::text as message_id, ts_rank_cd(w.words, wanted) as rank
              from fleet_log.mail_words w
             -- For each that matches, by its key: an index of the project would be read for every one of them.
             cross join lateral (select * from fleet_state.messages y where y.message_id = w.message_id offset 0) m
             where w.words @@ wanted
               and (asked ->> 'project' is null or m.project = asked ->> 'project')
               and (asked ->> 'from' is null or m.sender = asked ->> 'from')
               and (thread is null or m.thread_id = thread)
               and (asked ->> 'callsign' is null or (
                    select r.state from fleet_state.message_recipients r
                     where r.message_id = m.message_id and r.recipient = asked ->> 'callsign') <> 'bounced')) x
     where after is null or x.rank < after_rank
        or (x.rank = after_rank and x.message_id collate "C" < split_part(after, ' ', 2))
     order by x.rank desc, x.message_id collate "C" desc limit most;
end $$;
comment on function fleet_log.search_rows is
    'Which messages match, the best first, of equals the newest. Example: select * from fleet_log.search_rows(''{"project": "demo", "q": "parser"}'', 10)';

create function fleet.search_mail(asked jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
begin
    return query
    select (fleet_log.message_json(m) || jsonb_build_object('rank', s.rank, 'snippet', ts_headline('english',
               m.subject || E'\n' || coalesce(fleet_log.body_of(m.body_digest), ''), s.query,
               'StartSel=«, StopSel=», MaxFragments=2, MaxWords=24, MinWords=8, FragmentDelimiter=" … "')))::text,
           s.rank || ' ' || s.message_id
      from fleet_log.search_rows(asked, fleet_log.page_size(asked)) s
     cross join lateral (select * from fleet_state.messages y where y.message_id = s.message_id offset 0) m
     order by s.rank desc, s.message_id collate "C" desc;
end $$;
comment on function fleet.search_mail is
    'Mail that matches q, as JSON, the best first, with a snippet in which «…» marks what matched: project, q, callsign, from, thread_id, limit, after. Example: select item from fleet.search_mail(''{"project":"demo","q":"parser header"}'')';

create function fleet.list_threads(filter jsonb default '{}')
returns table (item text, cursor_key text)
language plpgsql stable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    before constant bigint := fleet_log.message_cursor(nullif(filter ->> 'after', ''));
begin
    return query
    select fleet_log.thread_json(t)::text, t.last_seq::text
      from (select x.* from fleet_state.threads x
             where (nullif(filter ->> 'project', '') is null or x.project = filter ->> 'project')
               and (filter ->> 'participant' is null or filter ->> 'participant' = any(x.participants))
               and (before is null or x.last_seq < before)
             order by x.last_seq desc limit fleet_log.page_size(filter)) t
     order by t.last_seq desc;
end $$;
comment on function fleet.list_threads is
    'Conversations as JSON, those with the latest message first: project, participant, limit, after. Example: select item from fleet.list_threads(''{"project":"demo"}'')';

create function fleet.show_thread(filter jsonb)
returns table (item text, cursor_key text)
language plpgsql stable security definer
set search_path = pg_catalog, fleet_state, pg_temp
set enable_seqscan = off set jit = off as $$
declare
    id constant text := fleet_log.thread_id_of(filter ->> 'project', filter ->> 'thread_id');
begin
    return query
    select (fleet_log.thread_json(t) || jsonb_build_object('messages', (
               select coalesce(jsonb_agg(fleet_log.message_page(x.message_id, 2000) order by x.sent_seq), '[]')
                 from (select y.message_id, y.sent_seq from fleet_state.messages y where y.thread_id = id
                        order by y.sent_seq desc limit 100) x)))::text, id
      from (select * from fleet_state.threads y where y.thread_id = id offset 0) t
     where filter ->> 'project' is null or t.project = filter ->> 'project';
end $$;
comment on function fleet.show_thread is
    'A conversation as JSON, with its last hundred messages, the oldest first. Example: select item from fleet.show_thread(''{"project":"demo","thread_id":"thr_01…"}'')';
