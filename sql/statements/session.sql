-- What every session of the daemon sends first, and what its migrator asks. jit: compiling takes seconds where an estimate
-- is made high on purpose (enable_seqscan = off), for rows that take a millisecond; servers of others may have it on.

-- name: session_settings
select set_config('statement_timeout', $1::text, false),
       set_config('lock_timeout', $2::text, false),
       set_config('idle_in_transaction_session_timeout', $3::text, false),
       set_config('client_connection_check_interval', '5000', false),
       set_config('tcp_keepalives_idle', '10', false),
       set_config('tcp_keepalives_interval', '3', false),
       set_config('tcp_keepalives_count', '3', false),
       set_config('tcp_user_timeout', $5::text, false),
       set_config('client_min_messages', 'warning', false),
       set_config('jit', 'off', false),
       set_config('role', $4::text, false)
