-- Reading, acknowledging, receipts, changing, and the mailbox that shows it.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(ask('register_pilot', '{"callsign": "otter-1", "program": "claude-code", "model": "m"}')));
create function pg_temp.mail(id text, args jsonb, actor text default 'viper-1') returns jsonb language sql as $$
    select ask('send_message', jsonb_build_object('subject', id, 'body', 'Body of ' || id, 'message_id', fleet_log.typeid('msg', md5(id)::uuid)) || args, jsonb_build_object('actor', actor))
$$;
create function pg_temp.id(id text) returns text language sql as $$ select fleet_log.typeid('msg', md5(id)::uuid) $$;
create function pg_temp.do(op text, id text, actor text, args jsonb default '{}', more jsonb default '{}') returns text language sql as $$
    select coalesce(a.code || ' ' || a.field, (a.result ->> 'status') || ' ' || (a.result ->> 'changed'))
      from act(jsonb_build_array(ask(op, jsonb_build_object('message_id', pg_temp.id(id)) || args, jsonb_build_object('actor', actor) || more))) a
$$;
create function pg_temp.box(filter jsonb, who text default 'raven-1') returns text[] language sql as $$
    select coalesce(array_agg((b.item::jsonb ->> 'subject') || ' ' || (b.item::jsonb ->> 'status') order by n), '{}')
      from fleet.list_inbox(jsonb_build_object('project', 'demo', 'callsign', who) || filter) with ordinality b(item, k, n)
$$;
create function pg_temp.counts(who text) returns jsonb language sql as $$
    select item::jsonb from fleet.inbox_counts(jsonb_build_object('project', 'demo', 'callsign', who))
$$;
create temp table heads (n serial, seq bigint);
create function pg_temp.written() returns text[] language plpgsql as $$
declare
    answer text[] := array(select e.type || ' ' || coalesce(e.data ->> 'reader', e.data ->> 'acker', '') from fleet_log.events e
                            where e.seq > (select max(seq) from heads) order by e.seq);
begin
    insert into heads (seq) select max(e.seq) from fleet_log.events e;
    return answer;
end $$;

select does(ask('create_sortie', '{"title": "t", "sortie_id": "srt_01k00000000000000000000001"}'));
select act(jsonb_build_array(pg_temp.mail('a', '{"to": ["raven-1"]}'), pg_temp.mail('b', '{"to": ["raven-1", "otter-1"], "importance": "urgent", "ack_required": true, "sortie_id": "srt_01k00000000000000000000001"}'),
    pg_temp.mail('c', '{"to": ["raven-1"], "importance": "low"}'), pg_temp.mail('d', '{"to": ["raven-1"]}'), pg_temp.mail('e', '{"to": ["raven-1"], "importance": "high"}')));
select pg_temp.written();
insert into heads (seq) select max(seq) from fleet_log.events;

-- The mailbox.
select is(pg_temp.box('{}'), '{b unread,e unread,a unread,d unread,c unread}', 'unread mail: the most important first, of equals the oldest');
select is(pg_temp.box('{"unread": false}'), '{e unread,d unread,c unread,b unread,a unread}', 'all mail: the newest first');
select is(pg_temp.box('{"importance": "high"}'), '{b unread,e unread}', 'at least so important');
select is(pg_temp.box('{"unread": "false", "importance": "normal"}'), '{e unread,d unread,b unread,a unread}', 'of all mail, too');
select is(pg_temp.box('{"sortie_id": "srt_01k00000000000000000000001"}'), '{b unread}', 'about one sortie');
select is(pg_temp.box(jsonb_build_object('thread_id', (select thread_id from fleet_state.messages where subject = 'd'))), '{d unread}', 'in one thread');
select is(pg_temp.box('{}', 'otter-1'), '{b unread}', 'everybody has a mailbox');
select is(pg_temp.box('{}', 'nobody'), '{}', 'that of nobody is empty');
select is(pg_temp.counts('nobody') ->> 'known', 'false', 'and said to be unknown');
select is((select item::jsonb -> 'sender' ->> 'program' || ': ' || (item::jsonb ->> 'body') from fleet.list_inbox('{"project": "demo", "callsign": "otter-1"}')), 'codex: Body of b',
    'a text is shown with who wrote it');
create function pg_temp.pages(filter jsonb, size int) returns text[] language plpgsql as $$
declare
    got text[] := '{}';
    after text := null;
    page record;
begin
    for i in 1 .. 10 loop
        select array_agg(b.item::jsonb ->> 'subject' order by n) as names, (array_agg(b.k order by n desc))[1] as last into page
          from fleet.list_inbox(jsonb_strip_nulls(jsonb_build_object('project', 'demo', 'callsign', 'raven-1', 'limit', size, 'after', after)) || filter) with ordinality b(item, k, n);
        exit when page.names is null;
        got := got || page.names;
        after := page.last;
    end loop;
    return got;
end $$;
select is(pg_temp.pages('{}', 2), '{b,e,a,d,c}', 'page after page it is the same order');
select is(pg_temp.pages('{"unread": false}', 2), '{e,d,c,b,a}', 'of all mail, too');
select throws_ok($$select fleet.list_inbox('{"project": "demo", "callsign": "raven-1", "after": "x"}')$$, 'FL422', null, 'a cursor is one of this list');
select throws_ok($$select fleet.list_inbox('{"project": "demo", "callsign": "raven-1", "after": "3.1", "unread": false}')$$, 'FL422', null, 'not of the other');
select is(pg_temp.counts('raven-1') - 'receipts', '{"project": "demo", "callsign": "raven-1", "known": true, "unread": 5, "unacked": 1, "receipts_pending": 0, "unread_by_importance": {"urgent": 1, "high": 1, "normal": 2, "low": 1}}',
    'what is unread is counted');
select is(pg_temp.written(), '{}', 'looking writes nothing');

-- Reading.
select is(pg_temp.do('read_message', 'a', 'raven-1'), 'read true', 'a recipient reads');
select is((answer(1)).result ? 'body', false, 'the answer, which is kept for a day, has no text');
select is(pg_temp.written(), '{message_read raven-1}', 'which is an event');
select is(pg_temp.do('read_message', 'a', 'raven-1'), 'read false', 'reading again changes nothing');
select is(pg_temp.written(), '{}', 'and writes nothing');
select is(pg_temp.box('{}'), '{b unread,e unread,d unread,c unread}', 'what was read is not unread');
select is(pg_temp.box('{"unread": false, "limit": 9}'), '{e unread,d unread,c unread,b unread,a read}', 'but still in the mailbox');
select is(pg_temp.do('read_message', 'a', 'otter-1'), 'forbidden /args/message_id', 'only a recipient reads');
select is(pg_temp.do('ack_message', 'a', 'viper-1'), 'forbidden /args/message_id', 'the sender acknowledges nothing');
select is(pg_temp.do('read_message', 'zz', 'raven-1'), 'not_found /args/message_id', 'what there is');
select is(pg_temp.do('read_message', 'a', 'viper-1'), 'read false', 'the sender may look at it');
select is(pg_temp.written(), '{}', 'which is no news without receipts');

-- Acknowledging, and receipts for the sender.
select is(pg_temp.do('read_message', 'b', 'otter-1'), 'read true', 'a message that wants an acknowledgement is read');
select is(pg_temp.counts('otter-1') -> 'unacked', '1', 'and still waits for it');
select is((pg_temp.counts('viper-1') #> '{receipts,0}') - '{thread_id,last_seq,read_at,message_id}'::text[], '{"subject": "b", "callsign": "otter-1", "status": "read"}', 'its sender has a receipt');
select is(pg_temp.do('ack_message', 'b', 'raven-1', '{"response": "On it."}'), 'acked true', 'an acknowledgement');
select is(pg_temp.written(), '{message_read otter-1,message_acked raven-1}', 'includes having read it');
select is((select jsonb_build_array(state, read_at = acked_at, awaits_ack) from fleet_state.message_recipients where message_id = pg_temp.id('b') and recipient = 'raven-1'), '["acked", true, false]', 'at that moment');
select is(pg_temp.do('ack_message', 'b', 'raven-1', '{"response": "Again."}'), 'acked false', 'the first one counts');
select is(pg_temp.do('read_message', 'b', 'raven-1'), 'acked false', 'reading afterwards is nothing new');
select is(pg_temp.written(), '{}', 'none of it is written');
select is((select array_agg(r ->> 'callsign' || ' ' || (r ->> 'status') || coalesce(' ' || (r ->> 'response'), '')) from jsonb_array_elements(pg_temp.counts('viper-1') -> 'receipts') r),
    '{raven-1 acked On it.,otter-1 read}', 'receipts, the latest first, with what was said');
select is((select array_agg(r ->> 'callsign' || ' ' || (r ->> 'status') || coalesce(' ' || (r ->> 'response'), '')) from fleet.show_message(jsonb_build_object('project', 'demo', 'message_id', pg_temp.id('b'))) s,
    jsonb_array_elements(s.item::jsonb -> 'recipients') r), '{otter-1 read,raven-1 acked On it.}', 'the message itself shows who did what');
select is(pg_temp.do('read_message', 'b', 'viper-1'), 'read true', 'the sender looks');
select is(pg_temp.written(), '{message_read viper-1}', 'which is written');
select is(pg_temp.counts('viper-1') -> 'receipts_pending', '0', 'and its receipts are seen');
select is(pg_temp.do('read_message', 'b', 'viper-1'), 'read false', 'once');
select is(pg_temp.do('ack_message', 'b', 'otter-1'), 'acked true', 'what happens later');
select is(pg_temp.counts('viper-1') -> 'receipts_pending', '1', 'is a new receipt');
select is((select item::jsonb ->> 'status' from fleet.show_message(jsonb_build_object('message_id', pg_temp.id('b'))) ), 'acked', 'all have acknowledged');
select is(pg_temp.counts('viper-1') #>> '{receipts,0,response}', null, 'without words there are none');
select is(pg_temp.do('ack_message', 'a', 'raven-1'), 'acked true', 'what wanted none can be acknowledged');
select is(pg_temp.counts('viper-1') -> 'receipts_pending', '1', 'without a receipt');
select is(pg_temp.do('ack_message', 'c', 'raven-1', jsonb_build_object('response', repeat('x', 65537))), 'too_large /args/response', 'a response has a limit');
select pg_temp.written();

-- The operators' common mailbox.
select act(jsonb_build_array(pg_temp.mail('o', '{"to": ["operator"]}')));
select is(pg_temp.do('read_message', 'o', 'ann'), 'forbidden /args/message_id', 'is not for everybody');
select is(pg_temp.do('ack_message', 'o', 'ann', '{}', '{"roles": ["operator"]}'), 'acked true', 'but for operators');
select is((select array_agg(type || ' ' || (data ->> 'acker') || ' ' || actor) from fleet.events where type = 'message_acked' and stream_id = pg_temp.id('o')), '{message_acked operator ann}', 'the event says who it was');
select is(pg_temp.box('{"unread": false}', 'operator'), '{o acked}', 'it has a mailbox like any');
select is(pg_temp.counts('operator') ->> 'known', 'true', 'that is known');

-- To oneself.
select act(jsonb_build_array(pg_temp.mail('s', '{"to": ["viper-1"], "ack_required": true}')));
select is(pg_temp.do('ack_message', 's', 'viper-1'), 'acked true', 'a note to oneself');
select is(pg_temp.counts('viper-1') -> 'receipts_pending', '1', 'brings no receipt of its own');

-- Changing.
select is(pg_temp.do('update_message', 'd', 'raven-1', '{"body": "x"}'), 'forbidden /args/message_id', 'only the sender changes a message');
select is(pg_temp.do('update_message', 'd', 'viper-1', '{"body": "Another zebra.", "reason": "typo"}'), 'unread true', 'before it was read');
select is((select item::jsonb ->> 'body' from fleet.show_message(jsonb_build_object('message_id', pg_temp.id('d')))), 'Another zebra.', 'it has another text');
select is((select data - 'body_digest' from fleet.events where type = 'message_updated'), '{"body_bytes": 14, "reason": "typo"}', 'and the event says why');
select is(pg_temp.do('update_message', 'd', 'viper-1', '{"body": "Another zebra."}'), 'unread false', 'the same text is no change');
select is(pg_temp.do('update_message', 'd', 'viper-1', '{"body": "y", "expected_version": 1}'), 'if_match_failed /args/expected_version', 'an older version is not changed');
select is(pg_temp.do('update_message', 'd', 'viper-1', '{"body": "Yet another.", "expected_version": 2}'), 'unread true', 'the present one is');
select is(pg_temp.do('update_message', 'zz', 'viper-1', '{"body": "y"}'), 'not_found /args/message_id', 'what there is');
select is(pg_temp.do('update_message', 'd', 'viper-1', jsonb_build_object('body', repeat('x', 65537))), 'too_large /args/body', 'within the limit');
select is(pg_temp.do('read_message', 'd', 'raven-1'), 'read true', 'once it is read');
select is(pg_temp.do('update_message', 'd', 'viper-1', '{"body": "z"}'), 'transition_refused /args/message_id', 'it stays as it is');
select is((select detail -> 'read_by' from answers), '["raven-1"]', 'because of whom');

-- Several commands in one batch see each other.
select act(jsonb_build_array(pg_temp.mail('x', '{"to": ["raven-1"], "ack_required": true}'), ask('read_message', jsonb_build_object('message_id', pg_temp.id('x')), '{"actor": "raven-1"}'),
    ask('update_message', jsonb_build_object('message_id', pg_temp.id('x'), 'body', 'late')), ask('ack_message', jsonb_build_object('message_id', pg_temp.id('x')), '{"actor": "raven-1"}'),
    ask('send_message', jsonb_build_object('in_reply_to', pg_temp.id('x'), 'body', 'ok'), '{"actor": "raven-1"}')));
select is((select array_agg(coalesce(code, result ->> 'status') order by ord) from answers), '{unread,read,transition_refused,acked,unread}', 'send, read, change, acknowledge, answer in one batch');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'state is the fold of the log');

-- Lists and views.
create function pg_temp.list(filter jsonb) returns text[] language sql as $$
    select coalesce(array_agg(l.item::jsonb ->> 'subject' order by n), '{}') from fleet.list_messages('{"project": "demo"}' || filter) with ordinality l(item, k, n)
$$;
select is(pg_temp.list('{}'), '{"Re: x",x,s,o,e,d,c,b,a}', 'messages, the newest first');
select is(pg_temp.list('{"from": "raven-1"}'), '{"Re: x"}', 'of a sender');
select is(pg_temp.list('{"to": "otter-1"}'), '{b}', 'in a mailbox');
select is(pg_temp.list('{"sortie_id": "srt_01k00000000000000000000001"}'), '{b}', 'about a sortie');
select is(pg_temp.list('{"mission_id": "msn_1"}'), '{}', 'about a mission');
select is(pg_temp.list('{"importance": "high"}'), '{e,b}', 'of importance');
select is(pg_temp.list(jsonb_build_object('thread_id', (select thread_id from fleet_state.messages where subject = 'x'))), '{"Re: x",x}', 'of a thread');
select is(pg_temp.list(jsonb_build_object('limit', 2, 'after', (select sent_seq from fleet_state.messages where subject = 'o'))), '{e,d}', 'page by page');
select is((select array_agg(item::jsonb ->> 'title' order by n) from fleet.list_threads('{"project": "demo"}') with ordinality l(item, k, n)), '{x,s,o,e,d,c,b,a}', 'threads, the latest first');
select is((select array_agg(item::jsonb ->> 'title') from fleet.list_threads('{"project": "demo", "participant": "otter-1"}') l), '{b}', 'with somebody in them');
select is((select array_agg(m ->> 'subject' || ': ' || (m ->> 'body')) from fleet.show_thread(jsonb_build_object('project', 'demo', 'thread_id', (select right(thread_id, 8) from fleet_state.messages where subject = 'x'))) t,
    jsonb_array_elements(t.item::jsonb -> 'messages') m), '{"x: Body of x","Re: x: ok"}', 'a thread with its messages');
select is((select array_agg(concat_ws(' ', "from", "to", subject, status, body) order by sent_at, last_seq) from fleet.messages where subject in ('b', 'd')),
    '{"viper-1 otter-1, raven-1 b acked Body of b","viper-1 raven-1 d read Yet another."}', 'view messages');
select is((select array_agg(concat_ws(' ', recipient, status, response) order by recipient) from fleet.message_recipients where subject = 'b'), '{"otter-1 acked","raven-1 acked On it."}', 'view message_recipients');
select is((select concat_ws(' ', title, messages, participants, created_by) from fleet.threads where title = 'x'), 'x 2 raven-1, viper-1 viper-1', 'view threads');
select is((select array_agg(concat_ws(' ', recipient, importance, "from", subject, body)) from fleet.inbox_unread), '{"raven-1 high viper-1 e Body of e","raven-1 low viper-1 c Body of c","viper-1 normal raven-1 Re: x ok"}', 'view inbox_unread');

-- For people at psql.
select is((select ok from fleet.send_message('demo', 'viper-1', '{raven-1,nobody-1}', 'Psql', 'typed by hand')), true, 'fleet.send_message');
select is((select concat_ws(' ', ok, body, program) from fleet.read_message('demo', 'raven-1', (select message_id from fleet.messages where subject = 'Psql'))), 't typed by hand codex', 'fleet.read_message shows the text');
select is((select concat_ws(' ', ok, status) from fleet.ack_message('demo', 'raven-1', (select message_id from fleet.messages where subject = 'Psql'), 'seen')), 't acked', 'fleet.ack_message');
select is((select concat_ws(' ', ok, "to") from fleet.reply('demo', 'raven-1', (select message_id from fleet.messages where subject = 'Psql'), 'by hand, too')), 't viper-1', 'fleet.reply');
select is((select code from fleet.update_message('demo', 'viper-1', (select message_id from fleet.messages where subject = 'Psql'), 'z')), 'transition_refused', 'fleet.update_message');
select is((select array_agg("from" || ': ' || snippet) from fleet.search_messages('demo', 'typing hands')), E'{"viper-1: Psql\n«typed» by «hand»"}', 'fleet.search_messages');
select is((select bounced from fleet.send_message('demo', 'viper-1', '{nobody-1}', 'x', 'y')), 'nobody-1 (unknown)', 'a refusal says who is not there');
select * from finish();
rollback;
