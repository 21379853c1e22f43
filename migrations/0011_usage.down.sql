drop table fleet_log.shipped_prices cascade;
drop table fleet_state.prices cascade;
drop table fleet_state.budgets cascade;
drop table fleet_state.usage_calls cascade;
