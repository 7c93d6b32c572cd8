#include "net/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <utility>

#include "base/log.h"
#include "net/wire.h"

namespace sinan::net {
namespace {

constexpr size_t kReadBytes = 4096;       // room for a read between requests
constexpr size_t kBodyReadBytes = 65536;  // and within a body
constexpr size_t kFlushBytes = 65536;     // answers of pipelined requests are gathered up to this
constexpr size_t kCopiedBytes = 16384;    // a body up to this is copied behind its head, one write for both
constexpr uint64_t kIgnoredBodyBytes =
    65536;  // of a request that is refused: read and dropped, which keeps the connection
constexpr std::chrono::nanoseconds kLinger = std::chrono::seconds(2);

}  // namespace

std::string_view Loop::date(TimePoint now) {
  const auto second = std::chrono::floor<std::chrono::seconds>(now.time_since_epoch());
  if (second != date_second_) {
    date_ = http_date(now);
    date_second_ = second;
  }
  return date_;
}

void ConnectionContext::left() {
  const std::lock_guard lock(mutex);
  if (--connections == 0) none_left.notify_all();
}

void Connection::look_at(Nanoseconds now) {
  const auto self = shared_from_this();
  if (now >= deadline_) return time_is_over();
  if (state_ == State::kEvents && !is_writing_ && now >= next_heartbeat_) {
    append_piece(":\n\n");
    advance();
  }
}

void Connection::drain() {
  const auto self = shared_from_this();
  if (state_ == State::kEvents) {
    subscription_.reset();
    end_stream();
    advance();
  } else if (state_ == State::kWaiting) {
    end_waiting();
  } else if (state_ == State::kReading && !parser_.has_begun() && begin_ == end_ && !is_writing_) {
    close();
  }
}

void Connection::cut() {
  const auto self = shared_from_this();
  close();
}

void Connection::began() {
  state_ = State::kReading;
  idle_since_ = now();
  deadline_ = request_deadline();
  advance();
}

void Connection::advance() {
  for (;;) {
    if (state_ == State::kClosed || is_writing_) return;
    if (!out_.empty() || big_) {
      is_writing_ = true;
      const Nanoseconds begun = now();
      deadline_ = begun + shared_.options.transfer_time;
      next_heartbeat_ = begun + shared_.options.heartbeat;
      writing_.swap(out_);
      big_writing_ = std::move(big_);
      if (!write_at_once()) return;
      written();
      continue;
    }
    switch (state_) {
      case State::kReading:
        if (closes_) return end_connection();
        if (parse()) continue;
        return read();
      case State::kHandling:
        if (queue_ && !is_paused_ && !body_ended_) {
          if (parse()) continue;
          if (!is_paused_ && state_ == State::kHandling && !body_ended_) read();
        }
        return;
      case State::kWaiting:
        if (begin_ == end_) read();  // to see it go; what it sends now waits for its turn
        return;
      case State::kEvents:
        if (take_events()) continue;
        return;
      case State::kStreaming:
        return pull();
      case State::kLingering:
        return read();
      case State::kHandshake:
      case State::kClosed:
        return;
    }
  }
}

void Connection::on_read(bool is_well, size_t size) {
  is_reading_ = false;
  if (state_ == State::kClosed) return;
  if (!is_well) return on_lost();
  switch (state_) {
    case State::kEvents:
      closes_ = true;  // what it says now is dropped, so the next request cannot be found
      ignored_ += size;
      return ignored_ > kIgnoredBodyBytes ? on_lost() : read();
    case State::kLingering:
      return read();  // until its time is over
    default:
      end_ += size;
      received_ += size;
      return advance();
  }
}

void Connection::on_written(bool is_well) {
  if (state_ == State::kClosed) return;
  if (!is_well) {
    is_writing_ = false;
    return on_lost();
  }
  written();
  advance();
}

void Connection::written() {
  is_writing_ = false;
  writing_.clear();
  big_writing_.reset();
  // A large answer's memory is not kept for the next one.
  if (writing_.capacity() > 2 * kFlushBytes) writing_.shrink_to_fit();
  idle_since_ = now();
  deadline_ = state_ == State::kWaiting ? waits_until_ : kNever;
  if (state_ == State::kReading || (queue_ && !is_paused_)) deadline_ = request_deadline();
}

void Connection::read() {
  if (is_reading_) return;
  is_reading_ = true;
  if (state_ == State::kEvents || state_ == State::kLingering) {
    begin_ = end_ = 0;
    if (in_.size() > 512 || in_.empty()) in_ = std::vector<char>(512);
    return read_some(in_.data(), in_.size());
  }
  if (begin_ == end_) begin_ = end_ = 0;
  if (state_ == State::kWaiting && begin_ == end_ && in_.size() != 512) in_ = std::vector<char>(512);
  const size_t room = in_body_ ? kBodyReadBytes : kReadBytes;
  if (in_.size() - end_ < room / 2) {
    std::copy(in_.begin() + static_cast<ptrdiff_t>(begin_), in_.begin() + static_cast<ptrdiff_t>(end_), in_.begin());
    end_ -= begin_;
    begin_ = 0;
    if (in_.size() - end_ < room / 2) in_.resize(end_ + room);
  }
  read_some(in_.data() + end_, in_.size() - end_);
}

bool Connection::parse() {
  const State before = state_;
  while (state_ == before && out_.size() < kFlushBytes && !big_ && !closes_) {
    auto step = parser_.parse({in_.data() + begin_, end_ - begin_});
    if (!step) {
      refuse(step.error());
      return true;
    }
    begin_ += step->consumed;
    const bool is_full = queue_ && !push_body();
    switch (step->event) {
      case RequestParser::Event::kNeedMore:
        if (!head_begun_ && parser_.has_begun()) {
          head_begun_ = true;
          head_started_ = now();
        }
        if (!is_full) deadline_ = request_deadline();
        return !out_.empty();
      case RequestParser::Event::kHead:
        on_head();
        break;
      case RequestParser::Event::kEnd:
        on_end();
        break;
    }
    if (is_full || (queue_ && body_ended_)) return true;
  }
  return true;
}

std::chrono::nanoseconds Connection::request_deadline() const {
  if (in_body_) {
    const uint64_t earned_ms = (received_ - body_mark_) * 1000 / std::max<uint64_t>(shared_.options.least_rate, 1);
    return body_started_ + shared_.options.transfer_time + std::chrono::milliseconds(earned_ms);
  }
  if (head_begun_) return head_started_ + shared_.options.head_time;
  return idle_since_ + shared_.options.idle_time;
}

void Connection::on_head() {
  started_ = now();
  const bool has_body = parser_.has_body();
  Dispatch dispatch = shared_.service.begin(request_, parser_.content_length(), has_body);
  route_ = dispatch.route;
  held_answer_ = std::move(dispatch.answer);
  in_body_ = has_body;
  body_ended_ = false;
  body_started_ = started_;
  body_mark_ = received_;
  if (held_answer_) {
    const bool is_short = !has_body || parser_.content_length().value_or(kIgnoredBodyBytes + 1) <= kIgnoredBodyBytes;
    // A body that is not coming yet (Expect), or is long, is not waited for.
    if (has_body && (!is_short || parser_.expects_continue())) {
      closes_ = true;
      answer(*std::exchange(held_answer_, std::nullopt));
    }
    return;
  }
  parser_.limit_body(route_->body_limit);
  if (has_body && parser_.expects_continue()) out_ += kContinue;
  if (route_->stream) begin_stream();
}

void Connection::on_end() {
  in_body_ = false;
  if (queue_) {
    body_ended_ = true;
    queue_->end();
    return;
  }
  if (held_answer_) return answer(*std::exchange(held_answer_, std::nullopt));
  request_.body = parser_.take_body();
  call(route_->handle);
}

void Connection::call(const Handler& handler) {
  if (!route_->is_slow) return answer(shared_.service.call(handler, request_));
  state_ = State::kHandling;
  deadline_ = kNever;
  if (!run_on_worker([this, handler] { return shared_.service.call(handler, request_); })) refuse_as_busy();
}

void Connection::begin_waiting(Later later) {
  state_ = State::kWaiting;
  waits_until_ = deadline_ = now() + (shared_.draining ? std::chrono::milliseconds(0) : later.most_wait);
  later_ = std::move(later);
  myself_ = shared_from_this();
  later_->until->wait([weak = weak_from_this(), &loop = loop_, expected = later_->until.get()] {
    loop.post([weak, expected] {
      const auto self = weak.lock();
      if (self && self->later_ && self->later_->until.get() == expected) self->end_waiting();
    });
  });
}

void Connection::end_waiting() {
  const auto self = std::move(myself_);
  const Later later = *std::exchange(later_, std::nullopt);
  state_ = State::kReading;
  deadline_ = kNever;
  call(later.answer);
  advance();
}

bool Connection::run_on_worker(std::function<Response()> call) {
  return shared_.workers.submit([self = shared_from_this(), call = std::move(call)]() mutable {
    Response response = call();
    Connection& me = *self;
    me.loop_.post(
        [self = std::move(self), response = std::move(response)]() mutable { self->on_answer(std::move(response)); });
  });
}

void Connection::refuse_as_busy() {
  state_ = State::kReading;
  answer(shared_.service.refuse(
      request_, {503, {Code::kBusy, "the server has too much to do", "try again soon", std::nullopt, {}}}));
}

void Connection::begin_stream() {
  state_ = State::kHandling;
  // The worker's queue may outlive the connection's interest, and the connection its queue.
  queue_ = std::make_shared<BodyQueue>([weak = weak_from_this(), &loop = loop_] {
    loop.post([weak] {
      const auto self = weak.lock();
      if (!self) return;
      self->is_paused_ = false;
      self->deadline_ = self->request_deadline();
      self->advance();
    });
  });
  is_paused_ = false;
  if (run_on_worker([this, route = route_, queue = queue_] { return shared_.service.call(*route, request_, *queue); }))
    return;
  queue_.reset();
  closes_ = in_body_;
  refuse_as_busy();
}

bool Connection::push_body() {
  std::string piece = parser_.take_body();
  if (piece.empty() || queue_->push(std::move(piece))) return true;
  is_paused_ = true;
  deadline_ = kNever;  // it is the handler that takes its time
  return false;
}

void Connection::on_answer(Response response) {
  if (state_ == State::kClosed || handler_is_abandoned_) return;
  if (queue_ && !body_ended_) {
    // The handler did not want the rest.
    closes_ = true;
    queue_->fail({Code::kCancelled, "the handler has answered", {}, std::nullopt, {}});
  }
  queue_.reset();
  state_ = State::kReading;
  answer(std::move(response));
  advance();
}

void Connection::refuse(const Refusal& refusal) {
  if (queue_) {
    // The handler is told, and its answer is not waited for.
    queue_->fail(refusal.error);
    queue_.reset();
    handler_is_abandoned_ = true;
  }
  state_ = State::kReading;
  closes_ = true;
  if (request_.method_name.empty()) request_.method_name.assign(1, '-');
  answer(shared_.service.refuse(request_, refusal));
}

void Connection::answer(Response response) {
  if (auto* later = std::get_if<Later>(&response.body)) return begin_waiting(std::move(*later));
  const bool is_head = request_.method == Method::kHead;
  if (shared_.draining || (!closes_ && !parser_.keeps_alive())) closes_ = true;
  HeadOptions head{
      .keeps_alive = !closes_, .is_http_1_0 = request_.is_http_1_0, .date = loop_.date(shared_.service.clock().now())};
  status_ = response.status;
  sent_ = 0;
  if (auto* source = std::get_if<BodySource>(&response.body)) {
    begin_body(response, head, is_head);
    if (is_head) return ended(true);
    source_ = std::move(*source);
    state_ = State::kStreaming;
    return;
  }
  if (auto* events = std::get_if<std::shared_ptr<EventSubscription>>(&response.body)) {
    begin_body(response, head, is_head);
    if (is_head || shared_.draining) return ended(true);
    subscription_ = std::move(*events);
    state_ = State::kEvents;
    deadline_ = kNever;
    begin_ = end_ = 0;
    if (!is_reading_) in_ = {};
    read();  // to see it go
    return;
  }
  const std::string_view body = response.body_text();
  head.content_length = body.size();
  append_head(out_, response, head);
  if (!is_head && !has_no_body(response.status)) {
    sent_ = body.size();
    if (body.size() <= kCopiedBytes) {
      out_ += body;
    } else if (auto* shared = std::get_if<std::shared_ptr<const std::string>>(&response.body)) {
      big_ = std::move(*shared);
    } else {
      big_ = std::make_shared<const std::string>(std::move(std::get<std::string>(response.body)));
    }
  }
  ended(true);
}

void Connection::begin_body(const Response& response, HeadOptions& head, bool is_head) {
  if (request_.is_http_1_0) {
    closes_ = true;
    head.keeps_alive = false;
  }
  is_chunked_ = !request_.is_http_1_0 && !is_head;
  append_head(out_, response, head);
}

void Connection::append_piece(std::string_view piece) {
  sent_ += piece.size();
  if (is_chunked_) {
    append_chunk(out_, piece);
  } else {
    out_ += piece;
  }
}

void Connection::end_stream() {
  if (is_chunked_) out_ += kLastChunk;
  source_ = nullptr;
  subscription_.reset();
  state_ = State::kReading;
  if (shared_.draining) closes_ = true;
  ended(true);
}

void Connection::ended(bool is_complete) {
  shared_.service.finish(route_, request_, {status_, sent_, now() - started_, is_complete});
  route_ = nullptr;
  head_begun_ = false;
  // A body that is left unread: in_body_ stays, and the connection ends.
  if (!closes_) in_body_ = false;
  if (!handler_is_abandoned_) parser_.begin(request_);
}

void Connection::pull() {
  if (is_pulling_) return;
  is_pulling_ = true;
  shared_.workers.resume([self = shared_from_this()]() mutable {
    std::string piece;
    Result<bool> more = false;
    try {
      more = self->source_(piece);
    } catch (const std::exception& exception) {
      more = fail(Code::kInternal, exception.what());
    }
    Connection& me = *self;
    me.loop_.post(
        [self = std::move(self), piece = std::move(piece), more = std::move(more)] { self->on_pulled(piece, more); });
  });
}

void Connection::on_pulled(std::string_view piece, const Result<bool>& more) {
  is_pulling_ = false;
  if (state_ == State::kClosed) {
    source_ = nullptr;
    return;
  }
  if (!more) {
    log::error(fmt::format("answer cut off id={} {}", request_.id, more.error().to_string()));
    return on_lost();
  }
  append_piece(piece);
  if (!*more) end_stream();
  advance();
}

bool Connection::take_events() {
  std::string events;
  const bool goes_on = subscription_->take(events, kFlushBytes);
  append_piece(events);
  if (!goes_on) {
    end_stream();
    return true;
  }
  if (!events.empty()) return true;
  subscription_->wait([weak = weak_from_this(), &loop = loop_] {
    loop.post([weak] {
      const auto self = weak.lock();
      if (self && self->state_ == State::kEvents) self->advance();
    });
  });
  return false;
}

void Connection::time_is_over() {
  if (state_ == State::kWaiting && !is_writing_) return end_waiting();
  const bool is_waited_for = (state_ == State::kReading || state_ == State::kHandling) && !is_writing_ &&
                             (parser_.has_begun() || in_body_) && !closes_;
  if (!is_waited_for) return on_lost();
  refuse({408, {Code::kUnavailable, "the request took too long to arrive", {}, std::nullopt, {}}});
  advance();
}

void Connection::end_connection() {
  // What the client still sends would have the kernel reset the connection, and with it the answer.
  const bool is_done_sending = begin_ == end_ && !in_body_;
  if (is_done_sending && !has_goodbye()) return close();
  state_ = State::kLingering;
  deadline_ = now() + kLinger;
  say_goodbye();
  read();
}

void Connection::on_lost() {
  const bool was_answering = state_ == State::kStreaming || state_ == State::kEvents || state_ == State::kHandling ||
                             state_ == State::kWaiting;
  if (was_answering && !handler_is_abandoned_) {
    shared_.service.finish(route_, request_, {status_, sent_, now() - started_, state_ == State::kEvents});
  }
  close();
}

void Connection::close() {
  if (state_ == State::kClosed) return;
  state_ = State::kClosed;
  deadline_ = kNever;
  if (queue_) queue_->fail({Code::kUnavailable, "the client went away", {}, std::nullopt, {}});
  queue_.reset();
  subscription_.reset();
  later_.reset();
  // A source that a worker is asking now goes when that has ended.
  if (!is_pulling_) source_ = nullptr;
  close_socket();
  myself_.reset();  // the callers own it too
}

}  // namespace sinan::net
