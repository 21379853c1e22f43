-- The glob algebra of reservations; client/model/pattern.cpp is the same algebra, and a test holds the two equal.
-- Segments are divided by '/'. In a segment '*' is any run of characters and '?' one; the segment '**' is any number of
-- whole segments. Everything here is a pure function of text, so that a fold may store what it says.

create function fleet_log.segments_problem(given text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- One look accepts nearly everything; the reasons are worked out only for what is wrong.
    if strpos('/' || given || '/', '//') = 0 and strpos('/' || given || '/', '/./') = 0
       and strpos('/' || given || '/', '/../') = 0 then
        return null;
    end if;
    return case
        when left(given, 1) = '/' then 'is absolute; name it from the top of the project'
        -- The first one that is wrong, from the left.
        when substring('/' || given || '/' from '/(\.{0,2})/') = ''
            then 'has an empty segment (two slashes in a row, or one at the end)'
        else format('has the segment "%s"; name it from the top of the project',
                    substring('/' || given || '/' from '/(\.{0,2})/')) end;
end $$;
comment on function fleet_log.segments_problem is
    'What is wrong with the segments of a path or pattern; null if nothing. Example: select fleet_log.segments_problem(''../x'')';

create function fleet_log.path_problem(path text)
returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case
        when coalesce(path, '') = '' then 'is empty'
        when octet_length(path) > 4096 then 'is longer than 4096 bytes'
        when octet_length(path) <> length(path) and path is not nfc normalized
            then 'is not in Unicode normal form C (NFC); composed and decomposed letters would be two names'
        else fleet_log.segments_problem(path) end;
end $$;
comment on function fleet_log.path_problem is
    'What is wrong with a path, worded to follow "the path"; null if nothing. Example: select fleet_log.path_problem(''/etc'')';

create function fleet_log.pattern_canonical(pattern text)
returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- 'dir/' means 'dir/**'; '**/**' means '**'. The language stays the same, the text becomes comparable.
    if right(pattern, 1) = '/' and length(pattern) > 1 and right(pattern, 2) <> '//' then
        pattern := pattern || '**';
    end if;
    if strpos(pattern, '**/**') > 0 then
        pattern := regexp_replace(pattern, '(^|/)(?:\*\*/)+(?=\*\*(?:/|$))', '\1', 'g');
    end if;
    return pattern;
end $$;
comment on function fleet_log.pattern_canonical is
    'A pattern in the form that is stored. Example: select fleet_log.pattern_canonical(''src/'')';

create function fleet_log.pattern_problem(pattern text)
returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- One look accepts nearly everything; the reasons are worked out only for what is wrong.
    if octet_length(pattern) <= 256 and pattern ~ '^[[:alnum:]_.@+*?-]+(?:/[[:alnum:]_.@+*?-]+){0,15}$'
       and octet_length(pattern) = length(pattern) and pattern !~ '[^/]\*\*|\*\*[^/]|(?:^|/)\.\.?(?:/|$)' then
        return null;
    end if;
    return case
        when coalesce(pattern, '') = '' then 'is empty'
        when octet_length(pattern) > 256 then 'is longer than 256 bytes'
        when pattern ~ '[\u0001-\u001f\u007f[!{\\]' then case
            when substring(pattern from '[\u0001-\u001f\u007f[!{\\]') ~ '[\u0001-\u001f\u007f]' then 'holds a control character'
            else format('holds "%s"; only *, ? and ** are special, and ? stands for one character',
                        substring(pattern from '[[!{\\]')) end
        when fleet_log.segments_problem(pattern) is not null then fleet_log.segments_problem(pattern)
        when pattern ~ '[^/]\*\*|\*\*[^/]'
            then 'has ** as part of a segment; it must stand alone between slashes'
        when pattern ~ '(?:/.*){16}' then 'has more than 16 segments'
        when pattern is not nfc normalized
            then 'is not in Unicode normal form C (NFC); composed and decomposed letters would be two names'
        end;
end $$;
comment on function fleet_log.pattern_problem is
    'What is wrong with a canonical pattern, worded to follow "the pattern"; null if nothing. Example: select fleet_log.pattern_problem(''a['')';

create function fleet.check_patterns(patterns text[])
returns table (field text, pattern text, reason text)
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    for field, pattern, reason in
        select '/args/patterns/' || (p.ord - 1), p.given,
               'the pattern ' || fleet_log.pattern_problem(fleet_log.pattern_canonical(p.given))
          from unnest(patterns) with ordinality p (given, ord)
         order by p.ord
    loop
        if reason is not null then
            return next;
        end if;
    end loop;
end $$;
comment on function fleet.check_patterns is
    'The patterns that cannot be reserved, each with the reason; none if all can. Example: select * from fleet.check_patterns(array[''src/'', ''a['', ''../x''])';

-- What the index and the cheap tests work with ------------------------------------------------------------------------

create function fleet_log.pattern_kind(pattern text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case
        when strpos(pattern, '*') = 0 and strpos(pattern, '?') = 0 then 'file'
        when pattern = '**' or (right(pattern, 3) = '/**' and strpos(pattern, '?') = 0
                                and strpos(pattern, '*') = length(pattern) - 1) then 'tree'
        else 'glob' end;
end $$;
comment on function fleet_log.pattern_kind is
    'file (no wildcard), tree (all below one directory) or glob. Example: select fleet_log.pattern_kind(''src/**'')';

create function fleet_log.pattern_prefix(pattern text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- The directory of a tree stands without its slash: 'src/**' matches the path 'src' itself.
    return case fleet_log.pattern_kind(pattern)
        when 'file' then pattern
        when 'tree' then rtrim(left(pattern, -2), '/')
        else coalesce(substring(pattern from '^(?:[^*?/]*/)*(?=[^/]*[*?])'), '') end;
end $$;
comment on function fleet_log.pattern_prefix is
    'What the index finds a pattern by: the path of a file, the directory of a tree, the literal directories of a glob with their last slash. Example: select fleet_log.pattern_prefix(''src/*/x'')';

create function fleet_log.pattern_tail(pattern text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Every path that matches ends with these characters; '**/x' matches 'x', so its slash does not count.
    return ltrim(substring(pattern from '[^*?]*$'), '/');
end $$;
comment on function fleet_log.pattern_tail is
    'The literal end of a pattern. Example: select fleet_log.pattern_tail(''**/*.ts'')';

create function fleet_log.pattern_likeness(pattern text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if fleet_log.pattern_kind(pattern) <> 'glob' then
        return '';
    end if;
    -- '**' with its slash may be nothing; a run may be anything here, slashes too.
    return replace(replace(replace(replace(replace(replace(replace(pattern, '%', '\%'), '_', '\_'),
        '/**', '**'), '**/', '**'), '**', '*'), '*', '%'), '?', '_');
end $$;
comment on function fleet_log.pattern_likeness is
    'A glob as a pattern for LIKE that matches at least what it covers; empty for a file or a tree. Example: select fleet_log.pattern_likeness(''src/*/x_?.c'')';

create function fleet_log.pattern_probes(prefix text, kind text)
returns text[]
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    probes text[] := array[''];
    at int := 0;
    slash int;
begin
    -- Whatever lies above: each directory as a tree has it ('a/b') and as a glob has it ('a/b/'), and the prefix itself.
    loop
        slash := strpos(substr(prefix, at + 1), '/');
        exit when slash = 0;
        at := at + slash;
        probes := probes || left(prefix, at - 1) || left(prefix, at);
    end loop;
    if at < length(prefix) then
        probes := probes || prefix;
        -- A file 'a' may be the directory of 'a/**', which is stored as 'a'; a glob 'a/*' never matches 'a'.
        if kind = 'tree' then
            probes := probes || (prefix || '/');
        end if;
    end if;
    return probes;
end $$;
comment on function fleet_log.pattern_probes is
    'Prefixes that may hold something overlapping from above or at the same place. Example: select fleet_log.pattern_probes(''src/a'', ''file'')';

create function fleet_log.segment_regex(segment text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    if strpos(segment, '*') = 0 and strpos(segment, '?') = 0 and segment ~ '^[[:alnum:]_-]*$' then
        return segment;
    end if;
    segment := regexp_replace(segment, '([.^$+(){}|\[\]\\])', '\\\1', 'g');
    return replace(replace(segment, '*', '[^/]*'), '?', '[^/]');
end $$;
comment on function fleet_log.segment_regex is
    'A regular expression for one segment. Example: select fleet_log.segment_regex(''*.ts'')';

create function fleet_log.pattern_regex(pattern text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    segments text[] := string_to_array(pattern, '/');
    built text := '^';
    last int := cardinality(segments);
begin
    for i in 1 .. last loop
        built := built || case
            when segments[i] <> '**' then fleet_log.segment_regex(segments[i]) || case when i < last
                -- '/**' at the end may match nothing at all, its slash included.
                and not (i = last - 1 and segments[last] = '**') then '/' else '' end
            when i < last then '(?:[^/]+/)*'
            when i = 1 then '.+'
            else '(?:/.*)?' end;
    end loop;
    return built || '$';
end $$;
comment on function fleet_log.pattern_regex is
    'A regular expression that matches the paths of a pattern. Example: select fleet_log.pattern_regex(''src/**/*.ts'')';

create function fleet_log.pattern_below_regex(pattern text)
returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    segments text[] := string_to_array(pattern, '/');
    opened text := '';
    closed text := '';
begin
    -- A directory has something of the pattern in or below it if its segments fit the first ones of the pattern;
    -- once '**' is reached, whatever follows fits. The top of the project, '', always does.
    for i in 1 .. cardinality(segments) loop
        if segments[i] = '**' then
            opened := opened || case when i = 1 then '(?:.*' else '(?:/.*' end;
            closed := closed || ')?';
            exit;
        end if;
        opened := opened || case when i = 1 then '(?:' else '(?:/' end || fleet_log.segment_regex(segments[i]);
        closed := closed || ')?';
    end loop;
    return '^' || opened || closed || '$';
end $$;
comment on function fleet_log.pattern_below_regex is
    'A regular expression that matches the directories that contain, or are, a path of the pattern. Example: select fleet_log.pattern_below_regex(''src/*/x'')';
