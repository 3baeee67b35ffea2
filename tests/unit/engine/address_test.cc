// What counts as one address of a peer.
#include "engine/address.h"

#include "catch.hpp"

using namespace chatroom;
using engine::address_of;

namespace {

constexpr base::HashKey kKey{3, 4};
bool same(std::string_view a, std::string_view b) {
  return address_of(a, kKey) == address_of(b, kKey);
}

}  // namespace

TEST_CASE("peers of one address are one, whatever their port") {
  CHECK(address_of("", kKey) == 0);
  CHECK(address_of("[]:80", kKey) == 0);
  CHECK(address_of("192.0.2.7:80", kKey) != 0);
  CHECK(same("192.0.2.7:80", "192.0.2.7:65535"));
  CHECK(same("192.0.2.7:80", "192.0.2.7"));
  CHECK_FALSE(same("192.0.2.7:80", "192.0.2.8:80"));
  CHECK(address_of("192.0.2.7", kKey) != address_of("192.0.2.7", {3, 5}));
}

TEST_CASE("of IPv6 the first 64 bits count, however they are written") {
  CHECK(same("[2001:db8:1:2::7]:80", "[2001:DB8:1:2:ffff:0:0:1]:81"));
  CHECK(same("[2001:db8:1:2:3:4:5:6]:80", "2001:db8:1:2::"));
  CHECK(same("[2001:db8::7]:80", "[2001:0db8:0:0::9]:80"));
  CHECK(same("[::1]:80", "[::2]:81"));
  CHECK(same("[::]:80", "0:0:0:0:0:0:0:9"));
  CHECK_FALSE(same("[2001:db8:1:2::7]:80", "[2001:db8:1:3::7]:80"));
  CHECK_FALSE(same("[2001:db8:1:2::7]:80", "[2001:db8::1:2:7]:80"));
}

TEST_CASE("what is no address that it knows counts as it stands") {
  for (const char* odd :
       {"pipe", "unix:/run/chat:x", "[2001:db8::7", "[1:2:3]:80", "[1::2::3]:80", "[12345::]:80",
        "[1:2:3:4:5:6:7:8:9]:80", "[1:2:3:4::5:6:7:8]:80", "[g::1]:80", "[fe80::1%eth0]:80",
        "[1:2:3:4:5:6:7:]:80", "[:1:2]:80", "[::ffff:192.0.2.7]:80"}) {
    INFO(odd);
    CHECK(address_of(odd, kKey) != 0);
    CHECK(same(odd, odd));
    CHECK_FALSE(same(odd, "[::]:80"));
  }
  CHECK_FALSE(same("[::ffff:192.0.2.7]:80", "[::ffff:192.0.2.8]:80"));
}
