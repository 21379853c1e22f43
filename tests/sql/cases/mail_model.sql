-- Random mail against a small model, step by step: who got, read and acknowledged what, how much is unread, which receipts
-- were not seen. The seed is fixed; set `model.seed` and `model.steps` to look elsewhere.
begin;
set search_path = tap, public;
select plan(9);
select act(jsonb_build_array(ask('register_project', '{"key": "demo"}')) || (
    select jsonb_agg(ask('register_pilot', jsonb_build_object('callsign', 'p' || i, 'program', 'x', 'model', 'm', 'role', case when i % 2 = 0 then 'even' else 'odd' end))) from generate_series(1, 6) i));
create temp table pilots as select 'p' || i as name, case when i % 2 = 0 then 'even' else 'odd' end as role, 'active' as state from generate_series(1, 6) i;
create temp table mail (n serial, id text primary key, thread text, sender text, ack boolean, stale_too boolean, importance int, body text, version int);
create temp table box (id text, who text, state text, pending boolean default false, primary key (id, who));
create temp table seen (what text);
create temp table wrong (step int, what text, model text[], real text[]);

-- Who is meant, and what becomes of each.
create function pg_temp.meant(sender text, names text[]) returns text[] language sql as $$
    select array_agg(distinct who) from (
        select n from unnest(names) n where n <> '*' and n not like 'role:%'
        union all
        select p.name from pilots p, unnest(names) n where p.state in ('active', 'idle') and p.name <> sender and (n = '*' or n = 'role:' || p.role)) x(who)
$$;
create function pg_temp.fate(who text, stale_too boolean) returns text language sql as $$
    select case when who = 'operator' then 'unread' when p.state is null or p.state = 'deregistered' then 'bounced'
                when p.state = 'stale' and stale_too then 'bounced' else 'unread' end
      from (values (1)) one left join pilots p on p.name = who
$$;
create function pg_temp.status(id text) returns text language sql as $$
    select (array['unread', 'read', 'acked', 'bounced'])[min(array_position(array['unread', 'read', 'acked', 'bounced'], b.state))] from box b where b.id = status.id
$$;
-- Notices of the fleet itself are not predicted but checked: one a sender that lives and mailbox that was lost.
create function pg_temp.take_notices(from_seq bigint) returns int language sql as $$
    with new as (select m.* from fleet_state.messages m where m.sent_seq > from_seq and m.sender = 'system'),
         a as (insert into mail (id, thread, sender, ack, stale_too, importance, body, version)
               select message_id, thread_id, 'system', false, false, fleet_log.message_rank(importance), fleet_log.body_of(body_digest), 1 from new returning id)
    insert into box (id, who, state) select n.message_id, n.recipients[1], 'unread' from new n;
    select count(*)::int from fleet_state.messages m where m.sent_seq > from_seq and m.sender = 'system'
$$;
create function pg_temp.lose(gone text) returns int language plpgsql as $$
declare
    notices int;
begin
    select count(distinct m.sender) into notices from box b join mail m using (id) join pilots p on p.name = m.sender and p.state <> 'deregistered'
     where b.who = gone and b.state = 'unread' and m.sender <> gone;
    update mail m set version = version + 1 from box b where b.id = m.id and b.who = gone and b.state = 'unread';
    update box b set state = 'bounced' where b.who = gone and b.state = 'unread';
    return notices;
end $$;

do $$
declare
    step int;
    dice float;
    me text;
    names text[];
    all_names text[] := '{p1,p2,p3,p4,p5,p6,p6,p5,nobody,operator,*,role:even,role:odd}';
    m record;
    b record;
    fresh text;
    expected text;
    found text;
    answer record;
    head bigint;
    r record;
    flag boolean;
    number int;
begin
    perform setseed(coalesce(nullif(current_setting('model.seed', true), ''), '0.42')::float);
    for step in 1 .. coalesce(nullif(current_setting('model.steps', true), ''), '700')::int loop
        dice := random();
        me := 'p' || 1 + floor(random() * 6)::int;
        head := (select max(e.seq) from fleet_log.events e);
        fresh := fleet_log.typeid('msg', md5(step::text)::uuid);
        select * into m from mail order by md5(n::text || random()) limit 1;
        dice := case when m.id is null then 0 else dice end;
        if dice < 0.40 then   -- send, perhaps as an answer
            names := array(select all_names[1 + floor(random() * 13)::int] from generate_series(1, 1 + floor(random() * 3)::int) i where i >= 0);
            flag := random() < 0.3;
            names := pg_temp.meant(me, names);
            expected := case when (select state from pilots where name = me) = 'deregistered' then 'transition_refused'
                             when not exists (select from unnest(names) x where pg_temp.fate(x, flag) = 'unread') then 'not_found' else 'unread' end;
            select coalesce(a.code, a.result ->> 'status') as said, a.result into answer
              from fleet.act(jsonb_build_array(ask('send_message', jsonb_strip_nulls(jsonb_build_object('to', coalesce(to_jsonb(names), '["nobody"]'), 'subject', 's' || step, 'body', 'b' || step,
                  'message_id', fresh, 'ack_required', step % 2 = 0, 'bounce_stale', flag, 'importance', (array['low', 'normal', 'high', 'urgent'])[1 + step % 4],
                  'in_reply_to', case when step % 3 = 0 then m.id end)), jsonb_build_object('actor', me)))) a;
            found := answer.said;
            if expected = 'unread' then
                insert into mail (id, thread, sender, ack, stale_too, importance, body, version)
                values (fresh, case when step % 3 = 0 and m.id is not null then m.thread else answer.result ->> 'thread_id' end, me, step % 2 = 0, flag, 1 + step % 4, 'b' || step,
                        1 + (select count(*) from unnest(names) x where pg_temp.fate(x, flag) = 'bounced'));
                insert into box (id, who, state) select fresh, x, pg_temp.fate(x, flag) from unnest(names) x;
                -- The least advanced counts, so a message with somebody left is unread.
                if answer.result ->> 'thread_id' is distinct from (select thread from mail y where y.id = answer.result ->> 'message_id') then
                    insert into wrong values (step, 'thread', array[m.thread], array[answer.result ->> 'thread_id']);
                end if;
            end if;
        elsif dice < 0.75 then   -- read or acknowledge; often by one who should not
            if random() < 0.7 then
                select x.* into b from box x join mail y using (id) order by md5(y.n || x.who || random()) limit 1;
                select * into m from mail y where y.id = b.id;
                me := b.who;
            elsif random() < 0.5 then
                me := m.sender;
            end if;
            select * into b from box x where x.id = m.id and x.who = me;
            flag := dice < 0.55;   -- read
            if b.id is null and not (flag and m.sender = me) then
                expected := 'forbidden';
            elsif b.state = 'bounced' and not (flag and b.id is null) then
                expected := 'transition_refused';
            elsif (b.state = 'unread') or (not flag and b.state = 'read') then
                expected := 'true';
                update box x set state = case when flag then 'read' else 'acked' end, pending = x.pending or (m.ack and x.who <> m.sender) where x.id = m.id and x.who = b.who;
                update mail y set version = version + 1 where y.id = m.id;
                if flag and m.sender = me then
                    update box x set pending = false where x.id = m.id;
                end if;
            elsif flag and m.sender = me and exists (select from box x where x.id = m.id and x.pending) then
                expected := 'true';
                update box x set pending = false where x.id = m.id;
                update mail y set version = version + 1 where y.id = m.id;
            else
                expected := 'false';
            end if;
            select coalesce(a.code, a.result ->> 'changed') into found
              from fleet.act(jsonb_build_array(ask(case when flag then 'read_message' else 'ack_message' end, jsonb_build_object('message_id', m.id)
                  || case when not flag and step % 2 = 0 then '{"response": "ok"}'::jsonb else '{}' end, jsonb_build_object('actor', me, 'roles', case when me = 'operator' then '["operator"]'::jsonb else '[]' end)))) a;
        elsif dice < 0.82 then   -- change
            select * into m from mail y order by pg_temp.status(y.id) = 'unread' desc, md5(n::text || random()) limit 1;
            me := case when random() < 0.8 then m.sender else me end;
            if me <> m.sender then
                expected := 'forbidden';
            elsif exists (select from box x where x.id = m.id and x.state in ('read', 'acked')) or pg_temp.status(m.id) = 'bounced' then
                expected := 'transition_refused';
            else
                expected := 'true';
                update mail y set version = version + 1, body = 'c' || step where y.id = m.id;
            end if;
            select coalesce(a.code, a.result ->> 'changed') into found
              from fleet.act(jsonb_build_array(ask('update_message', jsonb_build_object('message_id', m.id, 'body', 'c' || step), jsonb_build_object('actor', me)))) a;
        elsif dice < 0.94 then   -- come back
            expected := case when (select state from pilots where name = me) in ('active', 'idle') then 'callsign_taken' else 'active' end;
            update pilots set state = 'active' where name = me;
            select coalesce(a.code, a.result ->> 'status') into found
              from fleet.act(jsonb_build_array(ask('register_pilot', (select jsonb_build_object('callsign', me, 'program', 'x', 'model', 'm', 'role', role) from pilots where name = me)))) a;
        elsif dice < 0.97 then   -- go for good
            expected := case when (select state from pilots where name = me) = 'deregistered' then 'transition_refused' else 'deregistered' end;
            number := 0;
            if expected = 'deregistered' then
                update pilots set state = 'deregistered' where name = me;
                number := pg_temp.lose(me);
            end if;
            select coalesce(a.code, a.result ->> 'status') into found from fleet.act(jsonb_build_array(ask('deregister_pilot', jsonb_build_object('callsign', me)))) a;
            if pg_temp.take_notices(head) <> number then
                insert into wrong values (step, 'notices', array[number::text], array(select x.message_id::text from fleet_state.messages x where x.sent_seq > head));
            end if;
        else   -- fall silent
            select * into r from pilots where name = me;
            continue when r.state not in ('active', 'idle');
            update pilots set state = 'stale' where name = me;
            select count(distinct y.sender) into number from box x join mail y using (id) join pilots p on p.name = y.sender and p.state <> 'deregistered'
             where x.who = me and x.state = 'unread' and y.stale_too and y.sender <> x.who;
            update mail y set version = version + 1 from box x where x.id = y.id and x.who = me and x.state = 'unread' and y.stale_too;
            update box x set state = 'bounced' from mail y where y.id = x.id and x.who = me and x.state = 'unread' and y.stale_too;
            update fleet_live.pilots l set seen_at = now() - interval '1 hour' where l.callsign = me;
            expected := 'ok';
            select coalesce(a.code, 'ok') into found from fleet.act('[{"op": "sweep", "roles": ["operator"], "args": {}}]') a;
            if pg_temp.take_notices(head) <> number then
                insert into wrong values (step, 'notices', array[number::text], array(select x.message_id::text from fleet_state.messages x where x.sent_seq > head));
            end if;
        end if;
        insert into seen values (case when dice < 0.40 then 'send ' when dice < 0.75 then 'mark ' when dice < 0.82 then 'change ' else 'pilot ' end || expected);
        if found is distinct from expected then
            insert into wrong values (step, format('answer %s %s', dice, me), array[expected], array[found]);
        end if;
        -- The same mailboxes, receipts, versions and texts.
        select array(select x.id || ' ' || x.who || ' ' || x.state || ' ' || x.pending from box x order by x.id || ' ' || x.who collate "C") as model,
               array(select x.message_id || ' ' || x.recipient || ' ' || x.state || ' ' || x.receipt_pending from fleet_state.message_recipients x order by x.message_id || ' ' || x.recipient collate "C") as real into r;
        if r.model <> r.real then
            insert into wrong values (step, format('mailboxes %s %s', dice, me), array(select unnest(r.model) except select unnest(r.real)), array(select unnest(r.real) except select unnest(r.model)));
        end if;
        select array(select x.id || ' ' || x.version || ' ' || x.body from mail x order by x.id collate "C") as model,
               array(select x.message_id || ' ' || x.version || ' ' || fleet_log.body_of(x.body_digest) from fleet_state.messages x order by x.message_id) as real into r;
        if r.model <> r.real then
            insert into wrong values (step, 'messages', array(select unnest(r.model) except select unnest(r.real)), array(select unnest(r.real) except select unnest(r.model)));
        end if;
        -- The same counts, and the same mailbox in the same order, for one pilot a step.
        select array[count(*) filter (where x.state = 'unread'), count(*) filter (where y.ack and x.state in ('unread', 'read'))]::text[]
               || (select count(*) from box z join mail v using (id) where v.sender = 'p' || 1 + step % 6 and z.pending)::text as model,
               (select array[c.item::jsonb ->> 'unread', c.item::jsonb ->> 'unacked', c.item::jsonb ->> 'receipts_pending']
                  from fleet.inbox_counts(jsonb_build_object('project', 'demo', 'callsign', 'p' || 1 + step % 6)) c) as real
          into r from box x join mail y using (id) where x.who = 'p' || 1 + step % 6;
        if r.model <> r.real then
            insert into wrong values (step, 'counts', r.model, r.real);
        end if;
        select array(select x.id from box x join mail y using (id) where x.who = 'p' || 1 + step % 6 and x.state = 'unread' order by y.importance desc, y.n limit 1000) as model,
               array(select i.item::jsonb ->> 'message_id' from fleet.list_inbox(jsonb_build_object('project', 'demo', 'callsign', 'p' || 1 + step % 6, 'limit', 1000)) with ordinality i(item, k, n) order by i.n) as real into r;
        if r.model <> r.real then
            insert into wrong values (step, 'inbox', r.model, r.real);
        end if;
        exit when exists (select from wrong);
    end loop;
end $$;

select is((select array_agg(format('step %s %s: expected %s, found %s', step, what, model, real)) from wrong), null, 'the database does what the model says');
select cmp_ok((select count(*) from seen where what = 'send unread'), '>=', 100::bigint, 'much was sent');
select cmp_ok((select count(*) from seen where what in ('send not_found', 'send transition_refused')), '>=', 10::bigint, 'some of it was refused');
select cmp_ok((select count(*) from seen where what = 'mark true'), '>=', 80::bigint, 'much was read and acknowledged');
select cmp_ok((select count(distinct what) from seen where what like 'mark %'), '=', 4::bigint, 'in all ways that it can be refused');
select cmp_ok((select count(*) from seen where what = 'change true'), '>=', 5::bigint, 'some was changed');
select cmp_ok((select count(*) from box where state = 'bounced'), '>=', 50::bigint, 'some came back');
select cmp_ok((select count(*) from mail where sender = 'system'), '>=', 5::bigint, 'with notices');
select is((select count(*) from fleet.verify_projections()), 0::bigint, 'state is the fold of the log, in one piece as step by step');
select * from finish();
rollback;
