// A made-up crowd with the shape of real live chat: bursts, a few people who say much, texts by
// Zipf's law, a third of them repeats of the last ten seconds.
//
// The figures are those of recorded rooms: variance over mean of per-second counts 1.4-4.6, worst
// ten seconds 3-7 times the mean, median 9-15 bytes, 90 % under 65, one in a hundred over 200.
#include <algorithm>
#include <cmath>
#include <deque>
#include <vector>

#include "script.h"
#include "words.h"

namespace replayer {
namespace {

constexpr std::size_t kUsers = 8'000;
constexpr double kUserSlope = 0.75;
constexpr double kTextSlope = 1.0;
constexpr std::int64_t kRecentMs = 10'000;

// SplitMix64: the same on every machine, which the standard's distributions are not.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  double uniform() { return static_cast<double>(next() >> 11) * 0x1.0p-53; }
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(next() % n); }
  bool chance(double p) { return uniform() < p; }
  double exponential(double mean) { return -mean * std::log(1.0 - uniform()); }
  std::string_view one_of(Words words) { return words[below(words.size())]; }

 private:
  std::uint64_t state_;
};

// Ranks 0..n-1 with weights 1/(rank+1)^slope.
class Zipf {
 public:
  Zipf(std::size_t n, double slope) {
    double sum = 0;
    for (std::size_t i = 0; i < n; ++i) {
      sum += std::pow(static_cast<double>(i + 1), -slope);
      sums_.push_back(sum);
    }
  }
  std::size_t draw(Random& random) const {
    const double at = random.uniform() * sums_.back();
    const auto found = std::upper_bound(sums_.begin(), sums_.end(), at);
    return std::min(static_cast<std::size_t>(found - sums_.begin()), sums_.size() - 1);
  }

 private:
  std::vector<double> sums_;
};

class Crowd final : public Script {
 public:
  Crowd(std::uint64_t seed, double rate)
      : seed_(seed),
        random_(seed),
        rate_(rate),
        users_(kUsers, kUserSlope),
        chants_(chants().size(), kTextSlope),
        shorts_(short_lines().size(), kTextSlope) {
    next_mood();
    next_hype_ms_ = 4'000;  // somebody who has just opened the page should see one soon
  }

  bool next(Line& line) override {
    step();
    line.t_ms = static_cast<std::int64_t>(now_ms_);
    line.user = "u" + std::to_string(users_.draw(random_));
    line.kind = "text";
    say(line);
    recent_.push_back({line.t_ms, line.text});
    while (recent_.front().t_ms < line.t_ms - kRecentMs) recent_.pop_front();
    return true;
  }

  std::string name_of(std::size_t member) const override {
    Random random(seed_ ^ (member + 1) * 0x2545f4914f6cdd1d);
    if (random.chance(0.6)) {
      return std::string(random.one_of(name_openers_zh())) +
             std::string(random.one_of(name_closers_zh()));
    }
    std::string name(random.one_of(name_openers_en()));
    if (random.chance(0.4)) name += '_';
    name += random.one_of(name_closers_en());
    if (random.chance(0.3)) name += std::to_string(10 + random.below(90));
    return name;
  }

 private:
  struct Said {
    std::int64_t t_ms;
    std::string text;
  };

  // The room's mood drifts over tens of seconds; now and then something happens and everybody
  // shouts for a moment.
  void step() {
    if (now_ms_ >= mood_until_ms_) next_mood();
    if (now_ms_ >= next_hype_ms_) {
      hype_until_ms_ = now_ms_ + 1'500 + random_.exponential(2'500);
      next_hype_ms_ = hype_until_ms_ + 15'000 + random_.exponential(60'000);
      hype_factor_ = 2.5 + std::min(random_.exponential(1.2), 4.0);
      chant_ = random_.below(chants().size());
    }
    const double factor = hyped() ? hype_factor_ : mood_;
    now_ms_ += random_.exponential(1'000 / (rate_ * factor));
  }
  // On average a little below 1, so that the hypes bring the whole to the rate that was asked for.
  void next_mood() {
    mood_ = 0.45 + random_.uniform() * 0.75;
    mood_until_ms_ = now_ms_ + 4'000 + random_.exponential(15'000);
  }
  bool hyped() const { return now_ms_ < hype_until_ms_; }

  void say(Line& line) {
    if (hyped() && random_.chance(0.5)) {
      line.text = stretched(chants()[random_.chance(0.7) ? chant_ : chants_.draw(random_)]);
    } else if (!recent_.empty() && random_.chance(0.12)) {
      line.text = recent_[random_.below(recent_.size())].text;
      if (line.text.size() > 120) line.text = short_lines()[0];
    } else if (random_.chance(0.015)) {
      line.kind = "gift";
      line.text = random_.one_of(gifts());
    } else if (random_.chance(0.02)) {
      line.text = random_.one_of(long_lines());
    } else if (random_.chance(0.45)) {
      line.text = sentence();
    } else if (random_.chance(0.25)) {
      line.text = stretched(chants()[chants_.draw(random_)]);
    } else {
      line.text = decorated(short_lines()[shorts_.draw(random_)]);
    }
  }
  // Where the vocabulary is open: most of what is said is said once.
  std::string sentence() {
    std::string text;
    if (random_.chance(0.35)) {
      text = "@" + name_of(random_.below(kUsers)) + " ";
      text += random_.chance(0.5) ? random_.one_of(short_lines()) : random_.one_of(remarks());
    } else if (random_.chance(0.4)) {
      text = random_.one_of(short_lines());
      text += random_.chance(0.5) ? " " : "，";
      text += random_.one_of(short_lines());
    } else {
      text = random_.one_of(subjects());
      const std::string_view remark = random_.one_of(remarks());
      if (static_cast<unsigned char>(remark.front()) < 0x80) text += ' ';
      text += remark;
    }
    if (random_.chance(0.2)) text += random_.chance(0.5) ? "！" : "~";
    return text;
  }
  // People hold the key down: the last character again and again.
  std::string stretched(std::string_view word) {
    std::string text(word);
    if (!random_.chance(0.35)) return text;
    std::size_t last = text.size() - 1;
    while ((static_cast<unsigned char>(text[last]) & 0xc0) == 0x80) --last;
    const std::string tail = text.substr(last);
    for (std::size_t n = 1 + random_.below(6); n > 0; --n) text += tail;
    return text;
  }
  std::string decorated(std::string_view word) {
    std::string text(word);
    if (random_.chance(0.12)) text += random_.chance(0.5) ? "!" : "…";
    if (random_.chance(0.06)) text += " 😂";
    return text;
  }

  const std::uint64_t seed_;
  Random random_;
  const double rate_;
  const Zipf users_;
  const Zipf chants_;
  const Zipf shorts_;
  double now_ms_ = 0;
  double mood_ = 1;
  double mood_until_ms_ = 0;
  double next_hype_ms_ = 0;
  double hype_until_ms_ = 0;
  double hype_factor_ = 1;
  std::size_t chant_ = 0;
  std::deque<Said> recent_;
};

}  // namespace

std::unique_ptr<Script> make_crowd(std::uint64_t seed, double rate) {
  return std::make_unique<Crowd>(seed, rate);
}

}  // namespace replayer
