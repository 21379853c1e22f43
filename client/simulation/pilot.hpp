#pragma once
// One scripted pilot.
#include "simulation/stage.hpp"

#include <boost/asio/awaitable.hpp>

#include <cstddef>
#include <string>

namespace fleet::simulation {

// Lives on the loop of the run and ends with `live`; the stage outlives it.
class SimulatedPilot {
public:
    SimulatedPilot(Stage& stage, std::size_t index);

    // Registers; one that is back after all had ended reads what was written to it. Errors: what the daemon
    // refuses.
    asio::awaitable<Result<void>> arrive(bool is_back);
    // Works until there is nothing left to do, reads its mail to the end, and leaves.
    asio::awaitable<void> live();

private:
    struct Lease {
        std::string kind{};  // "sortie", "work_order"
        std::string id{};
        std::int64_t token = 0;
        std::string key() const { return kind + "_id"; }
    };
    enum class Went { on, ended, lost };

    asio::awaitable<Result<Json>> call(std::string operation, Json args);
    // With the proof that the lease is ours.
    asio::awaitable<Result<Json>> act(std::string operation, Lease lease, Json args);
    asio::awaitable<Result<Json>> enroll(bool resume);
    asio::awaitable<void> beat();

    asio::awaitable<bool> claim_sortie();
    asio::awaitable<bool> claim_order();
    asio::awaitable<void> fly(Lease lease, std::size_t sortie);
    asio::awaitable<Went> take_step(Lease lease, std::size_t sortie, Step step);
    asio::awaitable<Went> take_files(Lease lease, std::size_t sortie);
    asio::awaitable<Went> stand_still(Lease lease, Millis length);
    asio::awaitable<Went> give_up(Lease lease, std::size_t sortie);
    asio::awaitable<Went> complete(Lease lease, std::size_t sortie);
    asio::awaitable<void> fall_silent(Lease lease, std::size_t sortie);
    asio::awaitable<void> do_order(Lease lease, std::size_t order, int attempt);
    // Pauses for work that takes so long, with signs of life.
    asio::awaitable<void> work(Millis length);

    asio::awaitable<void> write_letter();
    asio::awaitable<void> read_mail();
    asio::awaitable<void> take_letter(Json letter);
    asio::awaitable<void> finish_mail();

    // What to make of an answer to an act on a lease.
    Went judge(std::string const& operation, Result<Json> const& answer);
    Millis surely_held() const;
    std::string const& callsign() const { return stage_.plan.pilots[me_].callsign; }

    Stage& stage_;
    std::size_t me_;
    std::size_t letters_ = 0;
};

}  // namespace fleet::simulation
