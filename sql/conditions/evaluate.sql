-- Conditions of sorties: what a tree comes to, and why, over results {name: {field: value}}.

create function fleet_log.condition_kind(v jsonb)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case jsonb_typeof(v) when 'number' then 'a number' when 'string' then 'a text' when 'boolean' then 'true or false'
                when 'array' then 'a list' when 'object' then 'an object' else 'null' end;
end $$;
comment on function fleet_log.condition_kind is 'A value''s kind in words. Example: select fleet_log.condition_kind(''80'')';

create function fleet_log.condition_words(v jsonb)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    return case when jsonb_typeof(v) in ('array', 'object') then fleet_log.condition_kind(v) else left(v::text, 60) end;
end $$;
comment on function fleet_log.condition_words is
    'A value as reasons show it. Example: select fleet_log.condition_words(''"main"'')';

create function fleet_log.condition_seen(operand jsonb, v jsonb)
returns text
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Reasons stand in events for good, while results can be erased: a text of theirs is not repeated, nor a number as
    -- long as a key.
    if operand ? 'value' or jsonb_typeof(v) not in ('string', 'number')
       or jsonb_typeof(v) = 'number' and length(v::text) <= 20 then
        return fleet_log.condition_words(v);
    end if;
    return fleet_log.condition_kind(v);
end $$;
comment on function fleet_log.condition_seen is
    'What an operand is, in words: what the condition says itself, and of results no texts. Example: select fleet_log.condition_seen(''{"path":["a","b"]}'', ''"secret"'')';

create function fleet_log.condition_operand_value(operand jsonb, results jsonb)
returns jsonb
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- SQL null: there is nothing.
    if operand ? 'value' then
        return operand -> 'value';
    end if;
    return results #> array(select jsonb_array_elements_text(operand -> 'path'));
end $$;
comment on function fleet_log.condition_operand_value is
    'What a path or a literal stands for; SQL null if missing. Example: select fleet_log.condition_operand_value(''{"path":["seo","score"]}'', ''{"seo":{"score":81}}'')';

create function fleet_log.condition_compare(op text, l jsonb, r jsonb)
returns boolean
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
begin
    -- Of one kind, both. Numbers are exact; texts go by code points, on every server alike.
    case op
        when '==' then return l = r;
        when '!=' then return l <> r;
        else
            if jsonb_typeof(l) = 'number' then
                return case op when '<' then l::numeric < r::numeric when '<=' then l::numeric <= r::numeric
                               when '>' then l::numeric > r::numeric else l::numeric >= r::numeric end;
            end if;
            return case op when '<' then (l #>> '{}') collate "C" < (r #>> '{}')
                           when '<=' then (l #>> '{}') collate "C" <= (r #>> '{}')
                           when '>' then (l #>> '{}') collate "C" > (r #>> '{}')
                           else (l #>> '{}') collate "C" >= (r #>> '{}') end;
    end case;
end $$;
comment on function fleet_log.condition_compare is
    'Compares two values of one kind. Example: select fleet_log.condition_compare(''>'', ''81'', ''80'')';

create function fleet_log.condition_judge(node jsonb, results jsonb)
returns fleet_log.verdict
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    op text := node ->> 'op';
    l_name text := coalesce(node #>> '{left,name}', fleet_log.condition_words(node #> '{left,value}'));
    l jsonb := fleet_log.condition_operand_value(node -> 'left', results);
    r jsonb := fleet_log.condition_operand_value(node -> 'right', results);
    l_words text := fleet_log.condition_seen(node -> 'left', l);
    r_words text := coalesce(node #>> '{right,name}', fleet_log.condition_words(node #> '{right,value}'));
    is_so boolean;
begin
    if op = 'exists' then
        l := fleet_log.condition_operand_value(node, results);
        return (l is not null,
                (node ->> 'name') || case when l is null then ' is missing' else ' is there' end)::fleet_log.verdict;
    elsif l is null then
        return (false, l_name || ' is missing')::fleet_log.verdict;
    elsif op = 'is' then
        return (l = 'true', l_name || ' is ' || l_words
                || case when jsonb_typeof(l) = 'boolean' then '' else ', not true' end)::fleet_log.verdict;
    elsif op = 'in' then
        is_so := exists (select from jsonb_array_elements(node -> 'list') x(v) where x.v = l);
        return (is_so, format('%s is %s, %s of %s', l_name, l_words,
                case when is_so then 'one' else 'none' end, (select string_agg(fleet_log.condition_words(x.v), ', ')
                  from jsonb_array_elements(node -> 'list') x(v))))::fleet_log.verdict;
    elsif r is null then
        return (false, r_words || ' is missing')::fleet_log.verdict;
    end if;
    if node #> '{right,name}' is not null then
        r_words := r_words || ' (' || fleet_log.condition_seen(node -> 'right', r) || ')';
    end if;
    if op in ('==', '!=') and 'null' in (jsonb_typeof(l), jsonb_typeof(r)) then
        is_so := fleet_log.condition_compare(op, l, r);
    elsif jsonb_typeof(l) <> jsonb_typeof(r) or jsonb_typeof(l) in ('array', 'object')
          or (op not in ('==', '!=') and jsonb_typeof(l) not in ('number', 'string')) then
        return (false, format('%s is %s%s and cannot be compared with %s', l_name, fleet_log.condition_kind(l), case
                when jsonb_typeof(l) in ('number', 'string') and l_words <> fleet_log.condition_kind(l)
                then ' (' || l_words || ')' else '' end, r_words))::fleet_log.verdict;
    else
        is_so := fleet_log.condition_compare(op, l, r);
    end if;
    return (is_so, format('%s is %s%s %s %s', l_name, l_words,
            case when is_so then ', which is' else ', not' end, op, r_words))::fleet_log.verdict;
end $$;
comment on function fleet_log.condition_judge is
    'The verdict on one comparison. Example: select * from fleet_log.condition_judge(fleet_log.condition_tree(''seo.score > 80''), ''{"seo":{"score":40}}'')';

create function fleet_log.condition_verdict(node jsonb, results jsonb)
returns fleet_log.verdict
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    part jsonb;
    said fleet_log.verdict;
    reasons text;
begin
    case node ->> 'op'
        when 'not' then
            said := fleet_log.condition_verdict(node -> 'of', results);
            return (not said.value, said.reason)::fleet_log.verdict;
        when 'and', 'or' then
            -- The first that decides gives the reason; where none does, all do.
            for part in select v from jsonb_array_elements(node -> 'of') with ordinality x(v, n) order by n loop
                said := fleet_log.condition_verdict(part, results);
                if said.value = (node ->> 'op' = 'or') then
                    return said;
                end if;
                reasons := concat_ws('; ', reasons, said.reason);
            end loop;
            return (node ->> 'op' = 'and', reasons)::fleet_log.verdict;
        else
            return fleet_log.condition_judge(node, results);
    end case;
end $$;
comment on function fleet_log.condition_verdict is
    'The verdict on a tree. Example: select * from fleet_log.condition_verdict(fleet_log.condition_tree(''not a.b''), ''{}'')';

create function fleet_log.condition_value(condition text, results jsonb)
returns fleet_log.verdict
language plpgsql immutable set search_path = pg_catalog, fleet_state, pg_temp as $$
declare
    tree jsonb := fleet_log.condition_tree(condition);
    said fleet_log.verdict;
begin
    if tree ? 'error' then
        return (false, format('the condition cannot be read: %s (at %s)', tree #>> '{error,message}',
                              tree #>> '{error,position}'))::fleet_log.verdict;
    end if;
    said := fleet_log.condition_verdict(tree, coalesce(results, '{}'));
    if length(said.reason) > 500 then
        said.reason := left(said.reason, 499) || '…';
    end if;
    return said;
end $$;
comment on function fleet_log.condition_value is
    'Is a condition true of these results, and why. Example: select * from fleet_log.condition_value(''seo.score > 80 and tests.failed == 0'', ''{"seo":{"score":81},"tests":{"failed":0}}'')';
