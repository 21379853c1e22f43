-- Conditions of sorties: text to tree. The grammar is in docs/guide/conditions.md; nothing here reads a table.

create function fleet_log.condition_tokens(condition text)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    found jsonb;
begin
    -- Every character belongs to one piece, so that positions are sums of lengths. The longest piece wins; what fits
    -- nothing is a piece of one character of the kind bad.
    select jsonb_agg(jsonb_build_object('kind', k.kind, 'text', p.piece, 'at', p.at) order by p.n)
      into found
      from (select m.piece[1] as piece, m.n,
                   coalesce(sum(length(m.piece[1])) over (
                       order by m.n rows between unbounded preceding and 1 preceding), 0) + 1 as at
              from regexp_matches(condition_tokens.condition,
                   '(\s+|''(?:[^'']|'''')*''|"(?:[^"]|"")*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?'
                   || '|[A-Za-z_][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*|[=!<>]=|==|&&|\|\||[][(),<>]|.)', 'g')
                   with ordinality m(piece, n)) p
     cross join lateral (
           select case when p.piece ~ '^\s' then 'space'
                       when p.piece ~ '^(''.*''|".*")$' and length(p.piece) > 1 then 'text'
                       when p.piece ~ '^-?\d' then 'number'
                       when p.piece in ('and', 'or', 'not', 'in', 'exists', 'true', 'false', 'null') then 'word'
                       when p.piece ~ '^[A-Za-z_]' then 'path'
                       when p.piece in ('==', '!=', '<', '<=', '>', '>=') then 'compare'
                       when p.piece in ('(', ')', '[', ']', ',') then 'mark'
                       else 'bad' end as kind) k
     where k.kind <> 'space';
    return coalesce(found, '[]');
end $$;
comment on function fleet_log.condition_tokens is
    'The pieces of a condition: kind, text, position from 1. Example: select fleet_log.condition_tokens(''seo.score > 80'')';

create function fleet_log.condition_stop(at bigint, message text)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return jsonb_build_object('error', jsonb_build_object('message', message, 'position', at));
end $$;
comment on function fleet_log.condition_stop is
    'The result of a parse that failed. Example: select fleet_log.condition_stop(3, ''a value is missing'')';

create function fleet_log.condition_unexpected(tokens jsonb, i int, wanted text)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    token jsonb := tokens -> i;
    word text := token ->> 'text';
begin
    if token is null then
        token := tokens -> -1;
        return fleet_log.condition_stop((token ->> 'at')::int + length(token ->> 'text'),
                                        format('it ends where %s should follow', wanted));
    end if;
    return fleet_log.condition_stop((token ->> 'at')::int, case
        when word = '&&' then 'write and for &&' when word = '||' then 'write or for ||'
        when word = '=' then 'write == to compare' when word = '!' then 'write not for !'
        when word in ('''', '"') then 'the text that begins here has no end'
        when lower(word) in ('and', 'or', 'not', 'in', 'exists', 'true', 'false', 'null') and word <> lower(word)
            then format('write %s in small letters', lower(word))
        when token ->> 'kind' = 'bad' then format('%s has no place in a condition', word)
        else format('%s stands where %s should', left(word, 40), wanted) end);
end $$;
comment on function fleet_log.condition_unexpected is
    'Says what stands in the wrong place. Example: select fleet_log.condition_unexpected(fleet_log.condition_tokens(''a = 1''), 1, ''a comparison'')';

create function fleet_log.condition_operand(tokens jsonb, i int)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    token jsonb := tokens -> i;
    word text := token ->> 'text';
begin
    case
        when token ->> 'kind' = 'path' then
            return jsonb_build_object('path', to_jsonb(string_to_array(word, '.')), 'name', word, 'at', token -> 'at');
        when token ->> 'kind' = 'number' then
            -- Numbers are compared exactly; an exponent of six digits would be a number of a million digits.
            if length(word) > 40 or word ~ '[eE][+-]?0*[1-9]\d\d' then
                return fleet_log.condition_stop((token ->> 'at')::int, 'this number is too long');
            end if;
            return jsonb_build_object('value', word::numeric);
        when token ->> 'kind' = 'text' then
            return jsonb_build_object('value', replace(substr(word, 2, length(word) - 2),
                                                       repeat(left(word, 1), 2), left(word, 1)));
        when word in ('true', 'false') and token ->> 'kind' = 'word' then
            return jsonb_build_object('value', word::boolean);
        when word = 'null' and token ->> 'kind' = 'word' then
            return '{"value": null}';
        else
            return fleet_log.condition_unexpected(tokens, i, 'a name or a value');
    end case;
end $$;
comment on function fleet_log.condition_operand is
    'A path or a literal. Example: select fleet_log.condition_operand(fleet_log.condition_tokens(''seo.score''), 0)';

create function fleet_log.condition_list(tokens jsonb, i int)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    items jsonb := '[]';
    item jsonb;
begin
    -- i is the token after `in`.
    if tokens -> i ->> 'text' is distinct from '[' then
        return fleet_log.condition_unexpected(tokens, i, 'a list like [1, 2]');
    end if;
    loop
        item := fleet_log.condition_operand(tokens, i + 1);
        if item ? 'error' then
            return item;
        elsif item ? 'path' then
            return fleet_log.condition_stop((item ->> 'at')::int, 'a list holds values, not names');
        end if;
        items := items || jsonb_build_array(item -> 'value');
        i := i + 2;
        exit when tokens -> i ->> 'text' = ']';
        if tokens -> i ->> 'text' is distinct from ',' then
            return fleet_log.condition_unexpected(tokens, i, 'a comma or ]');
        end if;
    end loop;
    return jsonb_build_object('list', items, 'next', i + 1);
end $$;
comment on function fleet_log.condition_list is
    'The list after in. Example: select fleet_log.condition_list(fleet_log.condition_tokens(''[1, 2]''), 0)';

create function fleet_log.condition_test(tokens jsonb, i int)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    l jsonb;
    r jsonb;
    op text;
begin
    if tokens -> i ->> 'text' = 'exists' then
        if tokens -> i + 1 ->> 'text' is distinct from '(' then
            return fleet_log.condition_unexpected(tokens, i + 1, '( after exists');
        end if;
        l := fleet_log.condition_operand(tokens, i + 2);
        if l ? 'value' then
            return fleet_log.condition_unexpected(tokens, i + 2, 'a name');
        elsif l ? 'error' then
            return l;
        elsif tokens -> i + 3 ->> 'text' is distinct from ')' then
            return fleet_log.condition_unexpected(tokens, i + 3, ')');
        end if;
        return jsonb_build_object('node', l || '{"op": "exists"}', 'next', i + 4);
    end if;
    l := fleet_log.condition_operand(tokens, i);
    if l ? 'error' then
        return l;
    end if;
    op := tokens -> i + 1 ->> 'text';
    if op = 'in' then
        r := fleet_log.condition_list(tokens, i + 2);
        if r ? 'error' then
            return r;
        end if;
        return jsonb_build_object('node', jsonb_build_object('op', 'in', 'left', l, 'list', r -> 'list'),
                                  'next', r -> 'next');
    elsif op = 'not' and tokens -> i + 2 ->> 'text' = 'in' then
        return fleet_log.condition_stop((tokens -> i + 1 ->> 'at')::int, 'write not before the name: not NAME in […]');
    elsif tokens -> i + 1 ->> 'kind' = 'compare' then
        r := fleet_log.condition_operand(tokens, i + 2);
        if r ? 'error' then
            return r;
        elsif tokens -> i + 3 ->> 'kind' = 'compare' then
            return fleet_log.condition_stop((tokens -> i + 3 ->> 'at')::int, 'two comparisons need an and between them');
        end if;
        return jsonb_build_object('node', jsonb_build_object('op', op, 'left', l, 'right', r), 'next', i + 3);
    end if;
    -- A bare name is true if its value is true.
    return jsonb_build_object('node', jsonb_build_object('op', 'is', 'left', l), 'next', i + 1);
end $$;
comment on function fleet_log.condition_test is
    'One comparison. Example: select fleet_log.condition_test(fleet_log.condition_tokens(''seo.score > 80''), 0)';

create function fleet_log.condition_parse(tokens jsonb, i int, joint text, depth int)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    part jsonb;
    parts jsonb := '[]';
    first int := i;
begin
    -- One function for the three levels, each asking the next tighter one: or, and, then not, ( ) and comparisons.
    if depth > 32 then
        return fleet_log.condition_stop((tokens -> i ->> 'at')::int, 'it is nested deeper than 32');
    end if;
    if joint is null then
        if tokens -> i ->> 'text' = 'not' and tokens -> i ->> 'kind' = 'word' then
            part := fleet_log.condition_parse(tokens, i + 1, null, depth + 1);
            if part ? 'error' then
                return part;
            end if;
            return jsonb_build_object('node', jsonb_build_object('op', 'not', 'of', part -> 'node'), 'next', part -> 'next');
        elsif tokens -> i ->> 'text' = '(' then
            part := fleet_log.condition_parse(tokens, i + 1, 'or', depth + 1);
            if part ? 'error' then
                return part;
            elsif tokens -> (part ->> 'next')::int ->> 'text' is distinct from ')' then
                return fleet_log.condition_unexpected(tokens, (part ->> 'next')::int, ')');
            end if;
            return jsonb_build_object('node', part -> 'node', 'next', (part ->> 'next')::int + 1);
        end if;
        return fleet_log.condition_test(tokens, i);
    end if;
    loop
        part := fleet_log.condition_parse(tokens, i, case joint when 'or' then 'and' end, depth);
        if part ? 'error' then
            return part;
        end if;
        parts := parts || jsonb_build_array(part -> 'node');
        i := (part ->> 'next')::int;
        exit when tokens -> i ->> 'text' is distinct from joint or tokens -> i ->> 'kind' <> 'word';
        i := i + 1;
    end loop;
    return jsonb_build_object('node', case when jsonb_array_length(parts) = 1 then parts -> 0
                                           else jsonb_build_object('op', joint, 'of', parts) end, 'next', i);
end $$;
comment on function fleet_log.condition_parse is
    'Reads tokens from the i-th on: {node, next}, or {error}. Example: select fleet_log.condition_parse(fleet_log.condition_tokens(''a or b''), 0, ''or'', 0)';

create function fleet_log.condition_tree(condition text)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    tokens jsonb;
    parsed jsonb;
    i int;
begin
    if length(condition) > 1000 then
        return fleet_log.condition_stop(1001, 'it is longer than 1000 characters');
    end if;
    tokens := fleet_log.condition_tokens(condition);
    if tokens = '[]' then
        return fleet_log.condition_stop(1, 'it is empty');
    elsif jsonb_array_length(tokens) > 200 then
        return fleet_log.condition_stop((tokens -> 200 ->> 'at')::int, 'it has more than 200 words and signs');
    end if;
    parsed := fleet_log.condition_parse(tokens, 0, 'or', 0);
    if parsed ? 'error' then
        return parsed;
    end if;
    i := (parsed ->> 'next')::int;
    if i < jsonb_array_length(tokens) then
        return fleet_log.condition_unexpected(tokens, i, 'and, or, or the end');
    end if;
    return parsed -> 'node';
end $$;
comment on function fleet_log.condition_tree is
    'A condition as a tree of {op, …}, or {error: {message, position}}. Example: select fleet_log.condition_tree(''seo.score > 80 and tests.failed == 0'')';

create function fleet_log.condition_names(condition text)
returns text[]
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return array(select distinct split_part(t ->> 'text', '.', 1) collate "C"
                   from jsonb_array_elements(fleet_log.condition_tokens(condition)) t
                  where t ->> 'kind' = 'path' order by 1);
end $$;
comment on function fleet_log.condition_names is
    'The names at the heads of its paths. Example: select fleet_log.condition_names(''seo.score > 80'')';

create function fleet_log.condition_problem(condition text, known text[])
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    tree jsonb := fleet_log.condition_tree(condition);
    stranger record;
begin
    if tree ? 'error' then
        return tree -> 'error';
    elsif known is null then
        return null;
    end if;
    select t ->> 'at' as at, split_part(t ->> 'text', '.', 1) as name into stranger
      from jsonb_array_elements(fleet_log.condition_tokens(condition)) with ordinality x(t, n)
     where t ->> 'kind' = 'path' and not split_part(t ->> 'text', '.', 1) = any(known)
     order by n limit 1;
    if stranger.name is null then
        return null;
    end if;
    return jsonb_build_object('position', stranger.at::int,
        'message', format('%s is not known here; ', left(stranger.name, 60)) || case when cardinality(known) = 0 then 'nothing is: there are no results to look at'
                else 'known: ' || (select string_agg(k, ', ' order by k collate "C") from unnest(known) k) end);
end $$;
comment on function fleet_log.condition_problem is
    'What is wrong with a condition, or null; known: names that may head a path, null for any. Example: select fleet_log.condition_problem(''sea.score > 80'', ''{seo}'')';
