//! Loops that work on byte strings, and on maps with texts as keys.

/// Loops in which a place is remembered or changes, strings grow or are shared, and parts of strings are only looked at.
pub const LOOPS: &[(&str, &str)] = &[
    (
        "text: balances",
        "INITSLOT 2, 0\nPUSH7\nPUSHDATA1 \"carol\"\nPUSH0\nPUSHDATA1 \"bob\"\nPUSHINT128 1000000000000000000000000\nPUSHDATA1 \"alice\"\nPUSH3\nPACKMAP\nSTLOC0\nPUSHINT8 20\nSTLOC1\n
         n: LDLOC0\nPUSHDATA1 \"alice\"\nLDLOC0\nPUSHDATA1 \"alice\"\nPICKITEM\nPUSHINT64 1000000000000000007\nSUB\nSETITEM\nLDLOC0\nPUSHDATA1 \"bob\"\nLDLOC0\nPUSHDATA1 \"bob\"\nPICKITEM\n
         PUSHINT64 1000000000000000007\nADD\nSETITEM\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: a key that is removed and set again, so that its place changes",
        "INITSLOT 2, 0\nPUSH1\nPUSHDATA1 \"c\"\nPUSH2\nPUSHDATA1 \"b\"\nPUSH3\nPUSHDATA1 \"a\"\nPUSH3\nPACKMAP\nSTLOC0\nPUSHINT8 20\nSTLOC1\n
         n: LDLOC0\nPUSHDATA1 \"b\"\nPICKITEM\nLDLOC0\nPUSHDATA1 \"a\"\nREMOVE\nLDLOC0\nPUSHDATA1 \"a\"\nLDLOC1\nSETITEM\nLDLOC0\nPUSHDATA1 \"b\"\nLDLOC1\nSETITEM\n
         LDLOC0\nPUSHDATA1 \"c\"\nPICKITEM\nADD\nDROP\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: a key in a slot, among more keys than are compared one by one",
        "INITSLOT 4, 0\nNEWMAP\nSTLOC0\nPUSHINT8 12\nSTLOC1\nf: LDLOC0\nPUSHDATA1 \"key\"\nLDLOC1\nCAT\nCONVERT ByteString\nLDLOC1\nSETITEM\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF f\nPUSH0\nSTLOC3\nPUSHINT8 12\nSTLOC1\n
         n: PUSHDATA1 \"key\"\nLDLOC1\nCAT\nCONVERT ByteString\nSTLOC2\nLDLOC0\nLDLOC2\nLDLOC0\nLDLOC2\nPICKITEM\nLDLOC3\nADD\nDUP\nSTLOC3\nSETITEM\nLDLOC0\nLDLOC2\nHASKEY\nASSERT\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nLDLOC3\nRET",
    ),
    (
        "text: a key in a slot that changes between look-ups",
        "INITSLOT 3, 0\nPUSH1\nPUSHDATA1 \"a\"\nPUSH2\nPUSHDATA1 \"b\"\nPUSH2\nPACKMAP\nSTLOC0\nPUSHDATA1 \"a\"\nSTLOC2\nPUSHINT8 20\nSTLOC1\n
         n: LDLOC0\nLDLOC2\nLDLOC0\nLDLOC2\nPICKITEM\nINC\nSETITEM\nPUSHDATA1 \"b\"\nSTLOC2\nLDLOC0\nLDLOC2\nLDLOC0\nLDLOC2\nPICKITEM\nPUSH2\nADD\nSETITEM\n
         PUSHDATA1 \"a\"\nSTLOC2\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: a map in a slot that changes between look-ups",
        "INITSLOT 4, 0\nPUSH1\nPUSHDATA1 \"a\"\nPUSH2\nPUSHDATA1 \"b\"\nPUSH2\nPACKMAP\nSTLOC0\nPUSH1\nPUSHDATA1 \"a\"\nPUSH2\nPUSHDATA1 \"b\"\nPUSH2\nPACKMAP\nSTLOC3\nPUSHINT8 20\nSTLOC1\n
         n: LDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nINC\nSETITEM\nLDLOC0\nSTLOC2\nLDLOC3\nSTLOC0\nLDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nPUSH2\nADD\nSETITEM\n
         LDLOC2\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nLDLOC3\nRET",
    ),
    (
        "text: a key that is found on one way or on both",
        "INITSLOT 2, 0\nPUSH1\nPUSHDATA1 \"a\"\nPUSH2\nPUSHDATA1 \"b\"\nPUSH2\nPACKMAP\nSTLOC0\nPUSHINT8 24\nSTLOC1\n
         n: LDLOC1\nPUSH3\nMOD\nJMPIF o\nLDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nINC\nSETITEM\no: LDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nDEC\nSETITEM\nLDLOC1\nPUSH2\nMOD\nJMPIF p\nLDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nPUSH3\nADD\nSETITEM\n
         p: LDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nPUSH2\nMUL\nSETITEM\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: a key that is asked for, removed and set",
        "INITSLOT 2, 0\nPUSH1\nPUSHDATA1 \"a\"\nPUSH2\nPUSHDATA1 \"b\"\nPUSH2\nPACKMAP\nSTLOC0\nPUSHINT8 24\nSTLOC1\n
         n: LDLOC0\nPUSHDATA1 \"a\"\nHASKEY\nJMPIF h\nLDLOC0\nPUSHDATA1 \"a\"\nLDLOC1\nSETITEM\nh: LDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nINC\nSETITEM\n
         LDLOC1\nPUSH2\nMOD\nJMPIF e\nLDLOC0\nPUSHDATA1 \"a\"\nREMOVE\nLDLOC0\nPUSHDATA1 \"a\"\nHASKEY\nDROP\ne: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: keys that are added between look-ups, so that the values move",
        "INITSLOT 2, 0\nPUSH1\nPUSHDATA1 \"a\"\nPUSH2\nPUSHDATA1 \"b\"\nPUSH2\nPACKMAP\nSTLOC0\nPUSHINT8 24\nSTLOC1\n
         n: LDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nINC\nSETITEM\nLDLOC0\nLDLOC1\nLDLOC1\nSETITEM\nLDLOC0\nPUSHDATA1 \"a\"\nLDLOC0\nPUSHDATA1 \"a\"\nPICKITEM\nPUSH2\nADD\nSETITEM\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: maps in maps, and an array in one",
        "INITSLOT 2, 0\nPUSH5\nPUSHDATA1 \"y\"\nPUSH6\nPUSHDATA1 \"x\"\nPUSH2\nPACKMAP\nPUSHDATA1 \"inner\"\nPUSH8\nPUSH9\nPUSH2\nPACK\nPUSHDATA1 \"list\"\nPUSH2\nPACKMAP\nSTLOC0\nPUSHINT8 16\nSTLOC1\n
         n: LDLOC0\nPUSHDATA1 \"inner\"\nPICKITEM\nPUSHDATA1 \"y\"\nLDLOC0\nPUSHDATA1 \"inner\"\nPICKITEM\nPUSHDATA1 \"x\"\nPICKITEM\nLDLOC0\nPUSHDATA1 \"list\"\nPICKITEM\nPUSH1\nPICKITEM\nADD\nSETITEM\n
         LDLOC0\nPUSHDATA1 \"list\"\nPICKITEM\nPUSH0\nLDLOC1\nSETITEM\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: values of every kind, and a compound that is replaced",
        "INITSLOT 2, 0\nPUSH1\nPUSHDATA1 \"v\"\nPUSH1\nPACKMAP\nSTLOC0\nPUSHINT8 24\nSTLOC1\n
         n: LDLOC0\nPUSHDATA1 \"v\"\nLDLOC1\nPUSH3\nMOD\nJMPIFNOT c\nLDLOC1\nPUSH1\nAND\nJMPIF t\nPUSHINT128 1000000000000000000000000\nJMP s\nt: LDLOC1\nPUSH5\nLT\nJMP s\nc: NEWARRAY0\ns: SETITEM\n
         LDLOC0\nPUSHDATA1 \"v\"\nPICKITEM\nISNULL\nDROP\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: integers, booleans and texts as keys, which differ",
        "INITSLOT 3, 0\nPUSH1\nPUSHT\nPUSH2\nPUSH1\nPUSH3\nPUSHDATA1 0x01\nPUSH3\nPACKMAP\nSTLOC0\nPUSHINT8 15\nSTLOC1\nPUSH0\nSTLOC2\n
         n: LDLOC0\nPUSH1\nPICKITEM\nLDLOC0\nPUSHDATA1 0x01\nPICKITEM\nPUSH16\nMUL\nADD\nLDLOC0\nLDLOC1\nPUSH0\nGT\nPICKITEM\nADD\nLDLOC2\nADD\nSTLOC2\nLDLOC0\nLDLOC1\nHASKEY\nDROP\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "text: one that grows out of its memory twice, and begins anew",
        "INITSLOT 3, 0\nPUSHDATA1 \"\"\nSTLOC0\nPUSHINT8 60\nSTLOC1\nPUSH0\nSTLOC2\n
         n: LDLOC0\nPUSHDATA1 \"abcdefg\"\nCAT\nCONVERT ByteString\nSTLOC0\nLDLOC0\nSIZE\nPUSHINT8 120\nGT\nJMPIFNOT m\nLDLOC2\nLDLOC0\nSIZE\nADD\nSTLOC2\nPUSHDATA1 \"x\"\nSTLOC0\n
         m: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nLDLOC0\nRET",
    ),
    (
        "text: one that grows while others hold what it was",
        "INITSLOT 3, 0\nPUSHDATA1 \"-\"\nSTLOC0\nNEWARRAY0\nSTLOC2\nPUSHINT8 20\nSTLOC1\n
         n: LDLOC1\nPUSH3\nMOD\nJMPIF m\nLDLOC2\nLDLOC0\nAPPEND\nm: LDLOC0\nPUSHDATA1 \"+\"\nCAT\nCONVERT ByteString\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nLDLOC0\nRET",
    ),
    (
        "text: one that doubles until it is too long",
        "INITSLOT 2, 0\nPUSHDATA1 \"abcdefghi\"\nSTLOC0\nPUSHINT8 20\nSTLOC1\nn: LDLOC0\nLDLOC0\nCAT\nCONVERT ByteString\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "text: a buffer that grows stays where others hold it",
        "INITSLOT 3, 0\nPUSHDATA1 \"b\"\nCONVERT Buffer\nSTLOC0\nPUSHINT8 20\nSTLOC1\nn: LDLOC0\nSTLOC2\nLDLOC0\nPUSHDATA1 \"c\"\nCAT\nPUSHDATA1 \"d\"\nCAT\nSTLOC0\nLDLOC2\nPUSH0\nLDLOC1\nSETITEM\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nLDLOC0\nRET",
    ),
    (
        "text: parts that are compared, measured and read",
        "INITSLOT 3, 0\nPUSHDATA1 \"neo-vm-script\"\nSTLOC0\nPUSHINT8 20\nSTLOC1\nPUSH0\nSTLOC2\n
         n: LDLOC0\nPUSH0\nPUSH3\nSUBSTR\nCONVERT ByteString\nPUSHDATA1 \"neo\"\nEQUAL\nJMPIFNOT m\nLDLOC2\nLDLOC0\nLDLOC1\nPUSH7\nMOD\nLEFT\nSIZE\nADD\nSTLOC2\n
         m: PUSHDATA1 \"ipt\"\nLDLOC0\nPUSH3\nRIGHT\nCONVERT ByteString\nNOTEQUAL\nLDLOC2\nADD\nSTLOC2\nLDLOC0\nPUSH2\nLEFT\nCONVERT ByteString\nCONVERT Integer\nLDLOC2\nADD\nSTLOC2\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "text: a part that ends behind its string, in the last turn",
        "INITSLOT 3, 0\nPUSHDATA1 \"0123456789\"\nSTLOC0\nPUSH0\nSTLOC1\nPUSH0\nSTLOC2\n
         n: LDLOC0\nLDLOC1\nPUSH2\nSUBSTR\nCONVERT ByteString\nSIZE\nLDLOC2\nADD\nSTLOC2\nLDLOC1\nINC\nSTLOC1\nJMP n",
    ),
    (
        "text: parts that are buffers, which equal nothing",
        "INITSLOT 3, 0\nPUSHDATA1 \"abc\"\nSTLOC0\nPUSHINT8 20\nSTLOC1\nPUSH0\nSTLOC2\n
         n: LDLOC0\nPUSH1\nLEFT\nPUSHDATA1 \"a\"\nEQUAL\nLDLOC2\nADD\nSTLOC2\nLDLOC0\nPUSH2\nLEFT\nCONVERT ByteString\nLDLOC0\nEQUAL\nLDLOC2\nADD\nSTLOC2\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "text: strings of arrays, compared and kept",
        "INITSLOT 5, 0\nPUSHDATA1 \"carol\"\nPUSHDATA1 \"bob\"\nPUSHDATA1 \"alice\"\nPUSH3\nPACK\nSTLOC0\nPUSHDATA1 \"\"\nSTLOC1\nPUSHDATA1 \"\"\nSTLOC2\nPUSHINT8 20\nSTLOC3\nPUSH0\nSTLOC4\n
         n: LDLOC0\nLDLOC3\nPUSH3\nMOD\nPICKITEM\nSTLOC1\nLDLOC0\nLDLOC3\nPUSH2\nMOD\nPICKITEM\nSTLOC2\nLDLOC1\nLDLOC2\nNOTEQUAL\nLDLOC4\nADD\nSTLOC4\nLDLOC3\nDEC\nDUP\nSTLOC3\nJMPIF n\nLDLOC1\nLDLOC2\nLDLOC4\nRET",
    ),
    (
        "text: a slot that holds a text in some turns, an integer or an array in others",
        "INITSLOT 3, 0\nPUSHDATA1 \"a\"\nSTLOC0\nPUSHINT8 60\nSTLOC1\nPUSH0\nSTLOC2\n
         n: LDLOC1\nPUSHINT8 50\nJMPGT t\nLDLOC1\nPUSH1\nAND\nJMPIF i\nNEWARRAY0\nSTLOC0\nJMP m\ni: LDLOC1\nSTLOC0\nJMP m\nt: PUSHDATA1 \"text\"\nSTLOC0\nm: LDLOC0\nISNULL\nLDLOC2\nADD\nSTLOC2\nPUSHDATA1 \"z\"\nSTLOC0\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nLDLOC2\nRET",
    ),
];
