// Where the bodies of the operations meet the caller's completion token: compiled once for each result.
#include "api/launch.hpp"

#include <fleet/client.hpp>
#include <fleet/event.hpp>
#include <fleet/reservation_lease.hpp>
#include <fleet/subscription.hpp>

#include <boost/asio/error.hpp>
#include <boost/system/system_error.hpp>

#include <exception>

namespace fleet {

Error error_of(std::exception_ptr const& failure) {
    try {
        std::rethrow_exception(failure);
    } catch (ErrorException const& error) {
        return error.error();
    } catch (boost::system::system_error const& error) {
        if (error.code() == asio::error::operation_aborted) return make_error(ErrorCode::cancelled);
        return make_error(ErrorCode::internal, error.what());
    } catch (std::exception const& error) {
        return make_error(ErrorCode::internal, error.what());
    }
}

template void launch(asio::any_io_executor, asio::awaitable<Result<Json>>, Completion<Json>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Time>>, Completion<Time>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Project>>, Completion<Project>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Pilot>>, Completion<Pilot>);
template void launch(asio::any_io_executor, asio::awaitable<Result<RegisteredPilot>>,
                     Completion<RegisteredPilot>);
template void launch(asio::any_io_executor, asio::awaitable<Result<ReserveOutcome>>,
                     Completion<ReserveOutcome>);
template void launch(asio::any_io_executor, asio::awaitable<Result<FileCheck>>, Completion<FileCheck>);
template void launch(asio::any_io_executor, asio::awaitable<Result<AppendedEvent>>,
                     Completion<AppendedEvent>);
template void launch(asio::any_io_executor, asio::awaitable<Result<std::vector<AppendedEvent>>>,
                     Completion<std::vector<AppendedEvent>>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Cursor>>, Completion<Cursor>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Page<Project>>>,
                     Completion<Page<Project>>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Page<Pilot>>>, Completion<Page<Pilot>>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Page<Host>>>, Completion<Page<Host>>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Page<Reservation>>>,
                     Completion<Page<Reservation>>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Page<Event>>>, Completion<Page<Event>>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Page<Cursor>>>, Completion<Page<Cursor>>);
template void launch(asio::any_io_executor, asio::awaitable<Result<std::vector<Event>>>,
                     Completion<std::vector<Event>>);
template void launch(asio::any_io_executor, asio::awaitable<Result<Event>>, Completion<Event>);
template void launch(asio::any_io_executor, asio::awaitable<Result<ReservationLease>>,
                     Completion<ReservationLease>);

}  // namespace fleet
