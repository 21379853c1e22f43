-- Search: what is found, in which order, in pages; and that it is found by an index.
begin;
set search_path = tap, public;
select no_plan();
select scene();
select act(jsonb_build_array(ask('register_project', '{"key": "other"}'), ask('register_pilot', '{"callsign": "raven-1", "program": "codex", "model": "m"}', '{"project": "other"}'),
    ask('register_pilot', '{"callsign": "otter-1", "program": "codex", "model": "m"}')));
create function pg_temp.mail(subject text, body text, more jsonb default '{}', args jsonb default '{}') returns jsonb language sql as $$
    select ask('send_message', jsonb_build_object('subject', subject, 'body', body, 'to', '["raven-1"]'::jsonb) || args, more)
$$;
create function pg_temp.hits(q text, more jsonb default '{}') returns text[] language sql as $$
    select coalesce(array_agg(s.item::jsonb ->> 'subject' order by n), '{}') from fleet.search_mail(jsonb_build_object('project', 'demo', 'q', q) || more) with ordinality s(item, k, n)
$$;
select act(jsonb_build_array(
    pg_temp.mail('Parser', 'The header of the parser changes tonight; do not touch src/parse.c until then.'),
    pg_temp.mail('Header', 'Which one?', '{"actor": "raven-1"}', '{"to": ["otter-1"]}'),
    pg_temp.mail('Lunch', 'At noon? The tests are failing anyway.'),
    pg_temp.mail('Tests', 'They fail since the parser changed. They failed before, too.'),
    pg_temp.mail('Parser', 'The same words in another project: header.', '{"project": "other"}')));
select is(pg_temp.hits('header'), '{Header,Parser}', 'a word in a subject counts more than one in a text');
select is(pg_temp.hits('parser header'), '{Parser}', 'all words must occur, in subject and text together');
select is(pg_temp.hits('failed'), '{Tests,Lunch}', 'other forms of a word are found, the best match first');
select is(pg_temp.hits('parser -lunch -tests or noon'), '{Parser,Lunch}', 'or, and without');
select is(pg_temp.hits('"header of the parser"'), '{Parser}', 'a phrase');
select is(pg_temp.hits('src/parse.c'), '{Parser}', 'a path');
select is(pg_temp.hits('header', '{"from": "raven-1"}'), '{Header}', 'of a sender');
select is(pg_temp.hits('header', '{"callsign": "raven-1"}'), '{Parser}', 'in a mailbox');
select is(pg_temp.hits('header', jsonb_build_object('thread_id', (select thread_id from fleet_state.threads where title = 'Header'))), '{Header}', 'in a thread');
select is(pg_temp.hits('walrus'), '{}', 'nothing');
select is((select s.item::jsonb ->> 'snippet' from fleet.search_mail('{"project": "demo", "q": "tonight"}') s), E'Parser\nThe header of the parser changes «tonight»; do not touch src/parse.c until then', 'a snippet marks what matched');
select is((select s.item::jsonb ? 'body' from fleet.search_mail('{"project": "demo", "q": "tonight"}') s), false, 'and stands for the text');
select throws_ok($$select fleet.search_mail('{"project": "demo", "q": "the of"}')$$, 'FL422', null, 'a search needs a word');
select throws_ok($$select fleet.search_mail('{"project": "demo", "q": "a", "after": "x"}')$$, 'FL422', null, 'and says so');
select throws_ok($$select fleet.search_mail('{"project": "demo", "q": "noon", "after": "x"}')$$, 'FL422', null, 'a cursor is one of this list');

-- Pages, with many of one rank.
select act((select jsonb_agg(pg_temp.mail('Report ' || i, case when i % 3 = 0 then 'walrus walrus' else 'walrus' end || case when i % 2 = 0 then ' extra' else '' end)) from generate_series(1, 41) i));
create function pg_temp.pages(size int) returns text[] language plpgsql as $$
declare
    got text[] := '{}';
    after text := null;
    page record;
begin
    for i in 1 .. 20 loop
        select array_agg(s.item::jsonb ->> 'subject' order by n) as names, (array_agg(s.k order by n desc))[1] as last into page
          from fleet.search_mail(jsonb_strip_nulls(jsonb_build_object('project', 'demo', 'q', 'walrus', 'limit', size, 'after', after))) with ordinality s(item, k, n);
        exit when page.names is null;
        got := got || page.names;
        after := page.last;
    end loop;
    return got;
end $$;
select is(cardinality(pg_temp.pages(7)), 41, 'page after page gives each once');
select is(pg_temp.pages(7), pg_temp.pages(100), 'in the same order');
select is((select count(distinct x) from unnest(pg_temp.pages(1)) x), 20::bigint, 'even one by one');

-- By the index, whatever the planner knows.
insert into fleet_log.mail_words (message_id, body_digest, words)
select fleet_log.typeid('msg', md5('filler' || i)::uuid), md5(i::text), to_tsvector('english', 'filler message number ' || i || ' about ' || md5(i::text)) from generate_series(1, 20000) i;
create function pg_temp.nodes(query text) returns text[] language plpgsql as $$
declare plan json;
begin
    execute 'explain (format json) ' || query into plan;
    return (select array_agg(distinct coalesce(n ->> 'Index Name', n ->> 'Node Type')) from jsonb_path_query(plan::jsonb, '$.**  ? (exists(@."Node Type"))') n);
end $$;
create temp table before as select seq_scan, (select idx_scan from pg_stat_xact_user_tables where relname = 'mail_words') as idx from pg_stat_xact_user_tables where relname = 'mail_words';
select is(pg_temp.hits('tonight'), '{Parser}', 'among twenty thousand');
select is((select seq_scan from pg_stat_xact_user_tables where relname = 'mail_words'), (select seq_scan from before), 'no table is read through');
analyze fleet_log.mail_words;
select ok('mail_words_search' = any(pg_temp.nodes($$select * from fleet_log.mail_words w where w.words @@ websearch_to_tsquery('english', 'tonight')$$)), 'the plan uses the index of words');
select * from finish();
rollback;
