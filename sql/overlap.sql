-- Do two patterns share a path? Exact and symmetric; cheap tests first. (patterns.sql has the grammar.)

create function fleet_log.literals_meet(a text, b text)
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Two texts of one length, in which '?' is any character.
    if a = b then
        return true;
    end if;
    if strpos(a, '?') = 0 and strpos(b, '?') = 0 then
        return false;
    end if;
    for i in 1 .. length(a) loop
        if substr(a, i, 1) <> substr(b, i, 1) and substr(a, i, 1) <> '?' and substr(b, i, 1) <> '?' then
            return false;
        end if;
    end loop;
    return true;
end $$;
comment on function fleet_log.literals_meet is
    'True if some text fits both, which are of one length and hold no *. Example: select fleet_log.literals_meet(''a?c'', ''ab?'')';

create function fleet_log.runs_meet(runs text, fixed text)
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    chunks text[] := string_to_array(runs, '*');
    at int := length(chunks[1]);
    stop int := length(fixed) - length(chunks[cardinality(chunks)]);
    chunk text;
begin
    -- Head and tail are fixed in place; each chunk between goes to the first place where it fits, which leaves the
    -- most room for the others: characters of `fixed` are independent of each other, so greed is exact.
    if at > stop or not fleet_log.literals_meet(chunks[1], left(fixed, at))
       or not fleet_log.literals_meet(chunks[cardinality(chunks)], substr(fixed, stop + 1)) then
        return false;
    end if;
    foreach chunk in array chunks[2 : cardinality(chunks) - 1] loop
        while at + length(chunk) <= stop
              and not fleet_log.literals_meet(chunk, substr(fixed, at + 1, length(chunk))) loop
            at := at + 1;
        end loop;
        at := at + length(chunk);
        if at > stop then
            return false;
        end if;
    end loop;
    return true;
end $$;
comment on function fleet_log.runs_meet is
    'True if some text fits a segment with * and one without. Example: select fleet_log.runs_meet(''a*c'', ''a?c'')';

create function fleet_log.segments_meet(a text, b text)
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    star_a int := strpos(a, '*');
    star_b int := strpos(b, '*');
    head int;
    tail int;
begin
    if star_a = 0 and star_b = 0 then
        return length(a) = length(b) and fleet_log.literals_meet(a, b);
    end if;
    if star_b = 0 then
        return fleet_log.runs_meet(a, b);
    end if;
    if star_a = 0 then
        return fleet_log.runs_meet(b, a);
    end if;
    -- Two runs: whatever each wants in its middle the other's run takes in. Only the ends can disagree.
    head := least(star_a, star_b) - 1;
    tail := least(strpos(reverse(a), '*'), strpos(reverse(b), '*')) - 1;
    return fleet_log.literals_meet(left(a, head), left(b, head))
       and fleet_log.literals_meet(right(a, tail), right(b, tail));
end $$;
comment on function fleet_log.segments_meet is
    'True if some text, the empty one and dots included, fits both segments. Example: select fleet_log.segments_meet(''*.ts'', ''a*'')';

create function fleet_log.segment_overlap(a text, b text)
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if a = b or a = '*' or b = '*' then
        return true;
    end if;
    if not fleet_log.segments_meet(a, b) then
        return false;
    end if;
    -- '.' and '..' are no segments of a path. Only a segment that can be nothing longer needs care: with a run on
    -- both sides, what fits '.' or '..' fits '.x.' or '..x..' too. A character that is not a dot is tried as a
    -- control character, which no pattern holds, and as each character that the other side names.
    return case
        when a in ('?', '.?', '?.', '??') then fleet_log.meets_beside_dots(a, b)
        when b in ('?', '.?', '?.', '??') then fleet_log.meets_beside_dots(b, a)
        else true end;
end $$;
comment on function fleet_log.segment_overlap is
    'True if some segment of a path fits both. Example: select fleet_log.segment_overlap(''?'', ''.*'')';

create function fleet_log.meets_beside_dots(short text, other text)
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    letter text;
begin
    foreach letter in array string_to_array(translate(other, '.*?', '') || chr(1), null) loop
        if (case short
            when '?' then fleet_log.segments_meet(letter, other)
            when '.?' then fleet_log.segments_meet('.' || letter, other)
            when '?.' then fleet_log.segments_meet(letter || '.', other)
            else fleet_log.segments_meet(letter || '?', other) or fleet_log.segments_meet('?' || letter, other)
            end) then
            return true;
        end if;
    end loop;
    return false;
end $$;
comment on function fleet_log.meets_beside_dots is
    'True if one of ? .? ?. ?? fits the other segment on something else than . and .. Example: select fleet_log.meets_beside_dots(''?'', ''.*'')';

create function fleet_log.chunk_fits(chunk text[], segments text[], at int)
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    for i in 1 .. cardinality(chunk) loop
        if not fleet_log.segment_overlap(chunk[i], segments[at + i - 1]) then
            return false;
        end if;
    end loop;
    return true;
end $$;
comment on function fleet_log.chunk_fits is
    'True if these segments meet those from a place on. Example: select fleet_log.chunk_fits(''{a}'', ''{x,a}'', 2)';

create function fleet_log.globs_overlap(a text, b text)
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    x text[] := string_to_array(a, '/');
    y text[] := string_to_array(b, '/');
    x1 int := 1;
    y1 int := 1;
    x2 int := cardinality(x);
    y2 int := cardinality(y);
begin
    -- Peel equal ends: as long as neither side has '**' there, the two segments must meet.
    while x1 <= x2 and y1 <= y2 and x[x1] <> '**' and y[y1] <> '**' loop
        if not fleet_log.segment_overlap(x[x1], y[y1]) then
            return false;
        end if;
        x1 := x1 + 1;
        y1 := y1 + 1;
    end loop;
    while x1 <= x2 and y1 <= y2 and x[x2] <> '**' and y[y2] <> '**' loop
        if not fleet_log.segment_overlap(x[x2], y[y2]) then
            return false;
        end if;
        x2 := x2 - 1;
        y2 := y2 - 1;
    end loop;
    -- A side that is used up: the other must be able to be nothing.
    if x1 > x2 or y1 > y2 then
        return (x1 > x2 or x[x1 : x2] = '{**}') and (y1 > y2 or y[y1 : y2] = '{**}');
    end if;
    -- One side begins with '**' and one ends with it. If both sides have one, each takes in what the other wants.
    if '**' = any(x[x1 : x2]) and '**' = any(y[y1 : y2]) then
        return true;
    end if;
    return case when x[x1] = '**' then fleet_log.spans_meet(x[x1 : x2], y[y1 : y2])
                else fleet_log.spans_meet(y[y1 : y2], x[x1 : x2]) end;
end $$;
comment on function fleet_log.globs_overlap is
    'True if some path matches both patterns; exact for any two. Example: select fleet_log.globs_overlap(''a/**/b'', ''*/x/?'')';

create function fleet_log.spans_meet(spans text[], fixed text[])
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    chunk text[] := '{}';
    at int := 1;
    segment text;
begin
    -- `spans` begins and ends with '**', `fixed` has none: each chunk goes to the first place where it fits.
    foreach segment in array spans loop
        if segment <> '**' then
            chunk := chunk || segment;
            continue;
        end if;
        while at + cardinality(chunk) - 1 <= cardinality(fixed)
              and not fleet_log.chunk_fits(chunk, fixed, at) loop
            at := at + 1;
        end loop;
        at := at + cardinality(chunk);
        if at - 1 > cardinality(fixed) then
            return false;
        end if;
        chunk := '{}';
    end loop;
    return true;
end $$;
comment on function fleet_log.spans_meet is
    'True if segments between ** find their places, in order, among segments without **. Example: select fleet_log.spans_meet(''{**,b,**}'', ''{a,b,c}'')';

create function fleet.patterns_overlap(a text, b text)
returns boolean
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    kind_a text := fleet_log.pattern_kind(a);
    kind_b text := fleet_log.pattern_kind(b);
    tail_a text;
    tail_b text;
begin
    if a = b then
        return true;
    end if;
    if kind_a = 'file' then
        return kind_b <> 'file' and a ~ fleet_log.pattern_regex(b);
    end if;
    if kind_b = 'file' then
        return b ~ fleet_log.pattern_regex(a);
    end if;
    if kind_a = 'tree' then
        return fleet_log.pattern_prefix(a) ~ fleet_log.pattern_below_regex(b);
    end if;
    if kind_b = 'tree' then
        return fleet_log.pattern_prefix(b) ~ fleet_log.pattern_below_regex(a);
    end if;
    tail_a := fleet_log.pattern_tail(a);
    tail_b := fleet_log.pattern_tail(b);
    if right(tail_a, length(tail_b)) <> right(tail_b, length(tail_a)) then
        return false;
    end if;
    return fleet_log.globs_overlap(a, b);
end $$;
comment on function fleet.patterns_overlap is
    'True if some path matches both patterns, which are canonical. Example: select fleet.patterns_overlap(''src/**'', ''**/*.ts'')';
