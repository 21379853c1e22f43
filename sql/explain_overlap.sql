-- A path that two patterns share, for people: each step is checked with the exact test, so that nothing is ever undone.

create function fleet_log.segment_guided(a text, b text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found text := '';
    letter text;
begin
    while a <> '' or b <> '' loop
        if left(a, 1) = '*' and fleet_log.segments_meet(substr(a, 2), b) then
            a := substr(a, 2);
            continue;
        end if;
        if left(b, 1) = '*' and fleet_log.segments_meet(a, substr(b, 2)) then
            b := substr(b, 2);
            continue;
        end if;
        letter := case when left(a, 1) in ('*', '?') then left(b, 1) else left(a, 1) end;
        found := found || case when letter = '?' then 'x' else letter end;
        -- At most one side is at a run here, and it stays there.
        a := case when left(a, 1) = '*' then a else substr(a, 2) end;
        b := case when left(b, 1) = '*' then b else substr(b, 2) end;
    end loop;
    return found;
end $$;
comment on function fleet_log.segment_guided is
    'A shortest text that fits two segments which meet. Example: select fleet_log.segment_guided(''a*'', ''*b'')';

create function fleet_log.segment_witness(a text, b text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    short text := case when a in ('?', '.?', '?.', '??') then a else b end;
    other text := case when a in ('?', '.?', '?.', '??') then b else a end;
    found text := fleet_log.segment_guided(a, b);
    letter text;
    tried text;
begin
    if found not in ('', '.', '..') then
        return found;
    end if;
    if short not in ('?', '.?', '?.', '??') then
        return found || 'x' || found;
    end if;
    foreach letter in array string_to_array(translate(other, '.*?', '') || 'x', null) loop
        foreach tried in array array[replace(short, '?', letter), overlay(short placing letter from 1 for 1)] loop
            if length(tried) = length(short) and tried not in ('.', '..')
               and fleet_log.segments_meet(tried, short) and fleet_log.segments_meet(tried, other) then
                return fleet_log.segment_guided(tried, other);
            end if;
        end loop;
    end loop;
    return null;
end $$;
comment on function fleet_log.segment_witness is
    'A segment of a path that fits both, which overlap. Example: select fleet_log.segment_witness(''.*'', ''*.'')';

create function fleet_log.path_witness(a text, b text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    x text[] := string_to_array(a, '/');
    y text[] := string_to_array(b, '/');
    found text[] := '{}';
begin
    if not fleet_log.globs_overlap(a, b) then
        return null;
    end if;
    while cardinality(x) > 0 or cardinality(y) > 0 loop
        if x[1] = '**' and fleet_log.globs_overlap(array_to_string(x[2:], '/'), array_to_string(y, '/')) then
            x := x[2:];
            continue;
        end if;
        if y[1] = '**' and fleet_log.globs_overlap(array_to_string(x, '/'), array_to_string(y[2:], '/')) then
            y := y[2:];
            continue;
        end if;
        found := found || fleet_log.segment_witness(
            case when x[1] = '**' then '*' else x[1] end, case when y[1] = '**' then '*' else y[1] end);
        x := case when x[1] = '**' then x else x[2:] end;
        y := case when y[1] = '**' then y else y[2:] end;
    end loop;
    return case when cardinality(found) = 0 then 'x' else array_to_string(found, '/') end;
end $$;
comment on function fleet_log.path_witness is
    'A path that both patterns match; null if there is none. Example: select fleet_log.path_witness(''src/**'', ''**/*.ts'')';

create function fleet.explain_overlap(a text, b text)
returns table (collide boolean, path text, words text)
language plpgsql immutable security definer set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    first text := fleet_log.pattern_canonical(a);
    second text := fleet_log.pattern_canonical(b);
begin
    if fleet_log.pattern_problem(first) is not null then
        perform fleet.refuse('invalid_field', 'the pattern ' || fleet_log.pattern_problem(first), '/a');
    end if;
    if fleet_log.pattern_problem(second) is not null then
        perform fleet.refuse('invalid_field', 'the pattern ' || fleet_log.pattern_problem(second), '/b');
    end if;
    path := fleet_log.path_witness(first, second);
    collide := path is not null;
    words := case
        when first = second then format('both are the pattern %s; it covers, for example, %s', first, path)
        when collide then format('%s and %s both cover %s', first, second, path)
        else format('no path is covered by both %s and %s', first, second) end;
    return next;
end $$;
comment on function fleet.explain_overlap is
    'Whether two patterns collide, with a path that both cover. Example: select * from fleet.explain_overlap(''src/'', ''**/*.ts'')';
