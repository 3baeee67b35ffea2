"""What is measured: how many members, and in what pattern messages are said to them."""

ALL = None
FEW = ("chatd", "floor_one", "floor_merge")
# Those that merge; the others cannot take this many deliveries on one core.
MERGING = ("chatd", "floor_merge", "redis", "nats")


class Scenario:
    def __init__(self, name, title, members, peers=ALL, **pattern):
        self.name, self.title, self.members = name, title, members
        self.peers, self.pattern = peers, pattern

    def words(self, seconds):
        out = ["--members", str(self.members), "--seconds", str(seconds)]
        for option, value in self.pattern.items():
            out += [f"--{option.replace('_', '-')}", str(value)]
        return out


def scenarios(members=1000, many=10000):
    def burst(size, to, peers=ALL):
        return Scenario(f"burst{size}_{to}", f"bursts of {size} to {to:,} members", to, peers,
                        burst=size)

    def rate(per_s, to, peers=ALL):
        return Scenario(f"rate{per_s}_{to}", f"{per_s} messages/s to {to:,} members", to, peers,
                        rate=per_s)

    return [
        Scenario(f"one_{members}", f"one message at a time to {members:,} members", members,
                 burst=1),
        burst(32, members),
        rate(50, members),
        burst(33, members),
        burst(64, members),
        burst(128, members),
        burst(1000, members, MERGING),
        rate(20, members, FEW),
        rate(200, members, MERGING + ("floor_one",)),
        rate(1000, members, MERGING),
        burst(32, many),
        rate(40, many, MERGING),
        burst(33, many, FEW),
        burst(64, many, MERGING),
        burst(128, many, MERGING),
        burst(1000, many, ("chatd", "floor_merge")),
    ]
