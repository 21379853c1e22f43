-- Conditions: what is accepted, what is refused and where, and what the tree looks like.
begin;
set search_path = tap, public;
select no_plan();
create function pg_temp.said(condition text, known text[] default null) returns text language sql as $$
    select (p ->> 'position') || ' ' || (p ->> 'message') from fleet_log.condition_problem(condition, known) p
$$;
select is(pg_temp.said(c), null, 'accepted: ' || c) from (values
    ('seo.score > 80 and tests.failed == 0'), ('a'), ('not a'), ('not not a.b'), ('(a)'), ('((a or b) and c)'), ('a==1'), ('a!=-1.5e3'),
    ('a.b.c.0.d <= "x"'), ('''it''''s'' == a'), ('"say ""x""" == a'), ('a in [1, "b", true, null]'), ('not a in [1]'), ('exists(a.b)'),
    ('exists ( a ) and exists(b)'), ('a == null or a != false'), ('true'), ('srt_01hzy.result > 3'), ('unit-tests.failed == 0'),
    ('a.b > c.d'), (E'a\n  and\tb'), ('android'), ('orders.notes == inbox.exists'), ('80 < a.b'),
    ('a == "über naïve 日本"'), (repeat('(', 32) || 'a' || repeat(')', 32)), ('a' || repeat(' and a', 99)), (rpad('a == "', 999, 'x') || '"')) v(c);
select is(pg_temp.said(c), p, 'refused: ' || left(c, 40)) from (values
    ('', '1 it is empty'), ('   ', '1 it is empty'),
    ('a = 1', '3 write == to compare'), ('a && b', '3 write and for &&'), ('a || b', '3 write or for ||'), ('!a', '1 write not for !'),
    ('a AND b', '3 write and in small letters'), ('Not a', '5 a stands where and, or, or the end should'),
    ('a ==', '5 it ends where a name or a value should follow'), ('== 1', '1 == stands where a name or a value should'),
    ('a b', '3 b stands where and, or, or the end should'), ('(a', '3 it ends where ) should follow'), ('a)', '2 ) stands where and, or, or the end should'),
    ('()', '2 ) stands where a name or a value should'), ('a and', '6 it ends where a name or a value should follow'),
    ('and a', '1 and stands where a name or a value should'), ('1 < a < 3', '7 two comparisons need an and between them'),
    ('a not in [1]', '3 write not before the name: not NAME in […]'), ('a in 1', '6 1 stands where a list like [1, 2] should'),
    ('a in []', '7 ] stands where a name or a value should'), ('a in [1', '8 it ends where a comma or ] should follow'),
    ('a in [b]', '7 a list holds values, not names'), ('a in [1 2]', '9 2 stands where a comma or ] should'),
    ('exists a', '8 a stands where ( after exists should'), ('exists(1)', '8 1 stands where a name should'), ('exists(a', '9 it ends where ) should follow'),
    ('''abc', '1 the text that begins here has no end'), ('a == "x', '6 the text that begins here has no end'),
    ('a > 1e999', '5 this number is too long'), ('a == ' || repeat('9', 41), '6 this number is too long'), ('a;b', '2 ; has no place in a condition'),
    ('a.b + 1 > 2', '5 + has no place in a condition'), ('a..b', '2 . has no place in a condition'), ('a.', '2 . has no place in a condition'),
    (repeat('(', 33) || 'a' || repeat(')', 33), '34 it is nested deeper than 32'), (repeat('not ', 33) || 'a', '133 it is nested deeper than 32'),
    ('a' || repeat(' or a', 100), '501 it has more than 200 words and signs'), (repeat('a', 1001), '1001 it is longer than 1000 characters')) v(c, p);

select is(pg_temp.said('seo.x and tests.y', '{seo,tests}'), null, 'known names are accepted');
select is(pg_temp.said('seo.x and sea.y > 1 and sky', '{tests,seo}'), '11 sea is not known here; known: seo, tests', 'the first unknown one is named, with those that are known');
select is(pg_temp.said('exists(sea)', '{}'), '8 sea is not known here; nothing is: there are no results to look at', 'and that there are none');
select is(pg_temp.said('1 == 1', '{}'), null, 'who names nothing needs nothing');
select is(pg_temp.said('a == "sea.x"', '{a}'), null, 'what stands in a text is no name');
select is(fleet_log.condition_names('b.x > 1 or not a in [1] and exists(b.y) and "c" == a'), '{a,b}', 'the names of a condition');
select is(fleet_log.condition_tree('a.b > 1 or not c and d in [1, "x"]') #- '{of,0,left,at}' #- '{of,1,of,0,of,left,at}' #- '{of,1,of,1,left,at}',
    '{"op": "or", "of": [{"op": ">", "left": {"name": "a.b", "path": ["a", "b"]}, "right": {"value": 1}},
      {"op": "and", "of": [{"op": "not", "of": {"op": "is", "left": {"name": "c", "path": ["c"]}}}, {"op": "in", "left": {"name": "d", "path": ["d"]}, "list": [1, "x"]}]}]}',
    'not binds tighter than and, and tighter than or');
select is((fleet_log.condition_tree('it == "say ""it''s"""') #>> '{right,value}'), 'say "it''s"', 'a doubled quote stands for one');
select is(fleet_log.condition_tree('a or b or c') #>> '{of,2,left,name}', 'c', 'a chain is flat');
select is((select array_agg(distinct p.provolatile::text) from pg_proc p
            where p.pronamespace = 'fleet_log'::regnamespace and p.proname like 'condition\_%' and p.proname <> 'condition_refusal'), '{i}', 'all of it is immutable');
select lives_ok($$select fleet_log.condition_problem(string_agg(chr(1 + (random() * 300)::int), ''), '{a}') from generate_series(1, 2000) i cross join generate_series(1, 20) j group by i$$,
    'no rubbish raises');
select lives_ok($$select fleet_log.condition_problem(string_agg((array['a','b.c','and','or','not','(',')','[',']',',','1','-2.5','"x"','in','exists','==','<','null','true','!',''''])[1 + (random() * 20)::int], ' '), '{a,b}')
    from generate_series(1, 3000) i cross join generate_series(1, 9) j group by i$$, 'nor any order of words');
select * from finish();
rollback;
