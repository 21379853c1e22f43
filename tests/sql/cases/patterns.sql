-- The glob algebra in SQL against brute force: every path over a small alphabet is tried.
begin;
set search_path = tap, public;
select plan(15);

-- Paths of up to four segments, segments of up to two letters of a, b and dot; patterns are judged by plain recursion.
create function pg_temp.fits(glob text[], path text[]) returns boolean language plpgsql as $$
begin
    if cardinality(glob) = 0 or cardinality(path) = 0 then
        return cardinality(path) = 0 and array_remove(glob, '**') = '{}';
    elsif glob[1] = '**' then
        return pg_temp.fits(glob[2:], path) or pg_temp.fits(glob, path[2:]);
    end if;
    return path[1] ~ ('^' || replace(replace(replace(glob[1], '.', '\.'), '*', '.*'), '?', '.') || '$')
           and pg_temp.fits(glob[2:], path[2:]);
end $$;
create temp table segments as select s from unnest(array['a', 'b', 'ab', '.a', '.b', 'a.', 'b.', 'bb']) s;
create temp table paths as
    select s as path from segments union all
    select a.s || '/' || b.s from segments a, segments b union all
    select a.s || '/' || b.s || '/' || c.s from segments a, segments b, segments c union all
    select 'a/' || b.s || '/' || c.s || '/' || d from segments b, segments c, unnest(array['b', 'ab', '.b']) d;
create temp table pieces as select g from unnest(array['**', '*', '?', 'a', 'a*', '*b', '.?', '?.', 'ab']) g;
create temp table globs as
    select distinct fleet_log.pattern_canonical(g) as glob from (
        select g from pieces union all
        select x.g || '/' || y.g from pieces x, pieces y union all
        select 'a/' || x.g || '/' || y.g from pieces x, pieces y) all_globs;
create temp table covers as
    select g.glob, p.path from globs g join paths p
        on pg_temp.fits(string_to_array(g.glob, '/'), string_to_array(p.path, '/'));
create index on covers (glob, path);

select is((select count(*) from globs where fleet_log.pattern_problem(glob) is not null), 0::bigint, 'they are all well-formed');
select is((select array_agg(g.glob || ' ' || p.path) from globs g cross join paths p
            where (p.path ~ fleet_log.pattern_regex(g.glob))
                  <> exists (select from covers c where c.glob = g.glob and c.path = p.path)),
          null, 'the regular expression matches what brute force matches');
select is((select array_agg(a.glob || ' ' || b.glob) from globs a cross join globs b
            where a.glob <= b.glob and fleet.patterns_overlap(a.glob, b.glob)
                  <> exists (select from covers c join covers d using (path) where c.glob = a.glob and d.glob = b.glob)),
          null, 'two patterns overlap exactly when they share a path');
select is((select count(*) from globs a cross join globs b
            where fleet.patterns_overlap(a.glob, b.glob) <> fleet.patterns_overlap(b.glob, a.glob)
               or fleet.patterns_overlap(a.glob, b.glob) <> fleet_log.globs_overlap(a.glob, b.glob)),
          0::bigint, 'overlap is symmetric, and the short ways agree with the long one');
select is((select array_agg(c.glob || ' ' || c.path) from covers c
            where fleet_log.pattern_kind(c.glob) = 'glob' and not c.path like fleet_log.pattern_likeness(c.glob)),
          null, 'LIKE never says no where the pattern says yes');
select is((select array_agg(g.glob || ' ' || d.path) from globs g cross join paths d
            where (d.path ~ fleet_log.pattern_below_regex(g.glob))
                  <> fleet.patterns_overlap(g.glob, d.path || '/**')),
          null, 'a directory contains something of a pattern exactly when its tree overlaps it');
select is((select array_agg(a.glob || ' ' || b.glob) from (select * from globs order by md5(glob) limit 120) a
            cross join (select * from globs order by md5(glob || '.') limit 120) b
            cross join lateral (select fleet_log.path_witness(a.glob, b.glob) as path) w
            where (w.path is not null) <> fleet.patterns_overlap(a.glob, b.glob)
               or (w.path is not null and not (fleet_log.path_problem(w.path) is null
                   and pg_temp.fits(string_to_array(a.glob, '/'), string_to_array(w.path, '/'))
                   and pg_temp.fits(string_to_array(b.glob, '/'), string_to_array(w.path, '/'))))),
          null, 'a witness is a proper path that both match');

-- The index search finds exactly what a look at every pair finds.
insert into fleet_state.reservation_patterns
select 'rsv_' || row_number() over (), 1, 'demo', 'h', g.glob, fleet_log.pattern_kind(g.glob), fleet_log.pattern_prefix(g.glob),
       fleet_log.pattern_tail(g.glob), fleet_log.pattern_likeness(g.glob), true, false, 1
  from (select glob from globs union select path from paths where path !~ '/.*/.*/') g;
select is((select array_agg(a.pattern || ' ' || b.pattern)
             from fleet_state.reservation_patterns a
            cross join fleet_state.reservation_patterns b
             left join lateral (
                  select true as found from unnest(fleet_log.overlapping('demo', array[a.pattern], null, null, null)) o
                   where o.pattern = b.pattern) f on true
            where a.pattern ~ '^a' and fleet.patterns_overlap(a.pattern, b.pattern) <> coalesce(f.found, false)),
          null, 'the search by prefix misses nothing and invents nothing');
select is((select count(*) from fleet_state.reservation_patterns a
            where a.pattern ~ '^a' and (select count(*) <> count(distinct o.pattern)
                  from unnest(fleet_log.overlapping('demo', array[a.pattern], null, null, null)) o)), 0::bigint,
          'and names nothing twice');

select is((select array_agg(reason order by field collate "C")
             from fleet.check_patterns(array['', '/a', 'a//b', './a', '../../x', 'a[', '!a', '{a', 'a\', 'a**', E'a\tb'])),
          array['the pattern is empty',
                'the pattern is absolute; name it from the top of the project',
                E'the pattern holds a control character',
                'the pattern has an empty segment (two slashes in a row, or one at the end)',
                'the pattern has the segment "."; name it from the top of the project',
                'the pattern has the segment ".."; name it from the top of the project',
                'the pattern holds "["; only *, ? and ** are special, and ? stands for one character',
                'the pattern holds "!"; only *, ? and ** are special, and ? stands for one character',
                'the pattern holds "{"; only *, ? and ** are special, and ? stands for one character',
                'the pattern holds "\"; only *, ? and ** are special, and ? stands for one character',
                'the pattern has ** as part of a segment; it must stand alone between slashes'],
          'a malformed pattern is refused with the reason');
select is((select array_agg(field || ' ' || left(reason, 40)) from fleet.check_patterns(
              array['src/', repeat('a', 257), 'a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/', 'cafe' || U&'\0301', 'caf' || U&'\00E9'])),
          array['/args/patterns/1 the pattern is longer than 256 bytes', '/args/patterns/2 the pattern has more than 16 segments',
                '/args/patterns/3 the pattern is not in Unicode normal for'],
          'limits and normal form are held, and the field is named');
select is(fleet_log.path_problem('src/[id]/a b*.tsx'), null, 'in a path no character is special');
select is(fleet_log.path_problem('../../x'), 'has the segment ".."; name it from the top of the project', 'no path leads out');
select results_eq($$select collide, path, words from fleet.explain_overlap('src/', '**/*.ts')$$,
    $$values (true, 'src/.ts', 'src/** and **/*.ts both cover src/.ts')$$, 'an overlap is explained with a path');
select throws_ok($$select * from fleet.explain_overlap('a[', 'b')$$, 'FL422', null, 'a malformed one is refused');
select * from finish();
rollback;
