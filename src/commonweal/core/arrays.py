"""One alphabet for shapes: `a` agents (seats), `k` options or contacts, `g` groups, `t` ticks, `r` trials, `d` dimensions."""

from jaxtyping import Array, Bool, Float32, Int32, UInt8, UInt32

Flags = Bool[Array, "a"]
"""One truth value a seat."""
Units = Int32[Array, "a"]
"""One amount a seat, in ledger units."""
Levels = Float32[Array, "a"]
"""One norm level a seat, 0 (serves nobody else) to 1 (serves the others as the world's standard asks)."""
Index = Int32[Array, "a"]
"""One small integer a seat: an option, another seat, a mind, a handle into the text table."""
Contacts = Int32[Array, "a k"]
"""Row i: the seats that i is in contact with; -1 where a row has fewer than k."""
PackedActs = UInt8[Array, "a"]
"""Bit j of row i: what i does to its j-th contact, for two answers and at most eight contacts."""
Groups = Bool[Array, "a g"]
"""Who is a member of which group; groups may overlap."""
Word = UInt32[Array, ""]
"""One 32-bit word of a random stream."""
