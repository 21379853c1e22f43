-- Conditions: what they come to, the reasons in words, and a thousand random ones against SQL's own answer.
begin;
set search_path = tap, public;
select no_plan();
create function pg_temp.v(condition text) returns text language sql as $$
    select v.value || ': ' || v.reason from fleet_log.condition_value(condition,
        '{"seo": {"score": 40, "tags": ["a", "b"], "ok": true, "bad": false, "n": null, "name": "main"}, "tests": {"failed": 0, "min": 50}}') v
$$;
select is(pg_temp.v(c), w, c) from (values
    ('seo.score > 80', 'false: seo.score is 40, not > 80'), ('seo.score > 39.5', 'true: seo.score is 40, which is > 39.5'),
    ('seo.score >= 40 and tests.failed == 0', 'true: seo.score is 40, which is >= 40; tests.failed is 0, which is == 0'),
    ('seo.score > 80 and tests.failed == 0', 'false: seo.score is 40, not > 80'),
    ('seo.score > 80 or tests.failed == 0', 'true: tests.failed is 0, which is == 0'),
    ('seo.score > 80 or tests.failed > 0', 'false: seo.score is 40, not > 80; tests.failed is 0, not > 0'),
    ('seo.rank > 1', 'false: seo.rank is missing'), ('sky.rank > 1', 'false: sky.rank is missing'), ('1 < seo.rank', 'false: seo.rank is missing'),
    ('seo.rank != 1', 'false: seo.rank is missing'), ('seo.rank == null', 'false: seo.rank is missing'), ('seo.rank in [1]', 'false: seo.rank is missing'),
    ('seo.rank', 'false: seo.rank is missing'), ('not seo.rank > 1', 'true: seo.rank is missing'), ('not exists(seo.rank)', 'true: seo.rank is missing'),
    ('exists(seo.rank)', 'false: seo.rank is missing'), ('exists(seo.n)', 'true: seo.n is there'), ('exists(seo)', 'true: seo is there'), ('exists(sky)', 'false: sky is missing'),
    ('seo.n == null', 'true: seo.n is null, which is == null'), ('seo.score != null', 'true: seo.score is 40, which is != null'), ('seo.score == null', 'false: seo.score is 40, not == null'),
    ('null == null', 'true: null is null, which is == null'), ('seo.n > 1', 'false: seo.n is null and cannot be compared with 1'),
    ('seo.score == "40"', 'false: seo.score is a number (40) and cannot be compared with "40"'), ('seo.score != "40"', 'false: seo.score is a number (40) and cannot be compared with "40"'),
    ('seo.name > 3', 'false: seo.name is a text and cannot be compared with 3'), ('seo.ok < true', 'false: seo.ok is true or false and cannot be compared with true'),
    ('seo.tags == 1', 'false: seo.tags is a list and cannot be compared with 1'), ('seo == 1', 'false: seo is an object and cannot be compared with 1'),
    ('seo.tags.1 == "b"', 'true: seo.tags.1 is a text, which is == "b"'), ('seo.tags.7 == "b"', 'false: seo.tags.7 is missing'), ('seo.score.x == 1', 'false: seo.score.x is missing'),
    ('seo.ok', 'true: seo.ok is true'), ('seo.bad', 'false: seo.bad is false'), ('not seo.ok', 'false: seo.ok is true'), ('seo.name', 'false: seo.name is a text, not true'),
    ('seo.ok == true and seo.bad == false', 'true: seo.ok is true, which is == true; seo.bad is false, which is == false'),
    ('seo.name in ["dev", "main"]', 'true: seo.name is a text, one of "dev", "main"'), ('seo.name in ["dev", 1]', 'false: seo.name is a text, none of "dev", 1'), ('seo.score in [40.0]', 'true: seo.score is 40, one of 40.0'),
    ('seo.score < tests.min', 'true: seo.score is 40, which is < tests.min (50)'), ('seo.score > tests.max', 'false: tests.max is missing'),
    ('seo.name < "mainz" and seo.name >= "Main"', 'true: seo.name is a text, which is < "mainz"; seo.name is a text, which is >= "Main"'),
    ('seo.name == "dev"', 'false: seo.name is a text, not == "dev"'), ('seo.name == seo.name', 'true: seo.name is a text, which is == seo.name (a text)'), ('"dev" == seo.name', 'false: "dev" is "dev", not == seo.name (a text)'),
    ('1 == 1.0', 'true: 1 is 1, which is == 1.0'), ('false', 'false: false is false'), ('a =', 'false: the condition cannot be read: write == to compare (at 3)')) t(c, w);
select is((fleet_log.condition_value('a.b == 1', '{"a": {"b": 123456789012345678901}}')).reason, 'a.b is a number, not == 1', 'a number as long as a key is not repeated');
select is((fleet_log.condition_value('a.b', null)).value, false, 'no results at all');
select is((fleet_log.condition_value('a.b > 1', '[]')).reason, 'a.b is missing', 'results that are none');
select cmp_ok(length((fleet_log.condition_value('a.b == "' || repeat('x', 300) || '"' || repeat(' or a.b == "' || repeat('y', 60) || '"', 8), jsonb_build_object('a', jsonb_build_object('b', repeat('z', 5000))))).reason), '<=', 500, 'a reason is short');
select is((fleet_log.condition_value('a.b == 1', jsonb_build_object('a', jsonb_build_object('b', '1e500'::numeric)))).value, false, 'a number of any size is compared exactly');

-- The same written twice by one hand: as a condition, and as SQL over a row. Missing is false there, too.
create temp table facts as select 3::numeric as a_x, -1.5::numeric as a_y, 'k' as b_s, true as b_t, false as b_f;
create function pg_temp.made(depth int, out c text, out q text) language plpgsql volatile as $$
declare
    kind int := floor(random() * case when depth > 5 then 7 else 11 end);
    number text := (array['0', '3', '-1.5', '2.99', '1e1', '3.0'])[1 + floor(random() * 6)::int];
    op text := (array['==', '!=', '<', '<=', '>', '>='])[1 + floor(random() * 6)::int];
    sql_op text := case op when '==' then '=' when '!=' then '<>' else op end;
    one record;
    two record;
begin
    case
        when kind = 0 then c := 'a.x ' || op || ' ' || number; q := 'a_x ' || sql_op || ' ' || number;
        when kind = 1 then c := number || op || 'a.y'; q := number || sql_op || 'a_y';
        when kind = 2 then c := 'b.s ' || op || ' ''k'''; q := 'b_s ' || sql_op || ' ''k''';
        when kind = 3 then c := (array['b.t', 'b.f', 'a.none', 'true', 'false'])[1 + floor(random() * 5)::int];
            q := case c when 'b.t' then 'b_t' when 'b.f' then 'b_f' when 'a.none' then 'false' else c end;
        when kind = 4 then c := 'a.none ' || op || ' ' || number; q := 'false';
        when kind = 5 then c := 'a.x in [1, ' || number || ', "k"]'; q := 'a_x in (1, ' || number || ')';
        when kind = 6 then c := 'a.x ' || op || ' a.y'; q := 'a_x ' || sql_op || ' a_y';
        else
            one := pg_temp.made(depth + 1);
            two := pg_temp.made(depth + 1);
            case kind when 7 then c := 'not ' || '(' || one.c || ')'; q := 'not (' || one.q || ')';
                      when 8 then c := '(' || one.c || ') and (' || two.c || ')'; q := '(' || one.q || ') and (' || two.q || ')';
                      when 9 then c := '(' || one.c || ') or (' || two.c || ')'; q := '(' || one.q || ') or (' || two.q || ')';
                      -- Without parentheses: both languages have the same precedences.
                      else c := one.c || ' and ' || two.c || ' or not ' || one.c; q := one.q || ' and ' || two.q || ' or not ' || one.q; end case;
    end case;
end $$;
create function pg_temp.truth(q text) returns boolean language plpgsql as $$
declare t boolean;
begin
    execute 'select ' || q || ' from facts' into t;
    return t;
end $$;
select setseed(0.4217);
create temp table tried as select m.c, m.q from generate_series(1, 1500) i, pg_temp.made(i * 0) m;
select cmp_ok((select count(*) from tried where fleet_log.condition_problem(c, '{a,b}') is null), '>', 1000::bigint, 'most random conditions are within the limits');
select is((select string_agg(c, E'\n') from (select c from tried where fleet_log.condition_problem(c, '{a,b}') is null
              and (fleet_log.condition_value(c, '{"a": {"x": 3, "y": -1.5}, "b": {"s": "k", "t": true, "f": false}}')).value is distinct from pg_temp.truth(q) limit 3) x),
          null, 'each comes to what SQL says');
select is((select count(*) from tried, fleet_log.condition_value(c, '{"a": {"x": 3}}') v where v.value is null or coalesce(v.reason, '') = ''), 0::bigint, 'each has a value and a reason');
select * from finish();
rollback;
