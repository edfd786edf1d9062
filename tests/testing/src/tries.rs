//! Loops with try blocks.

/// Loops that open try blocks, and throw in each turn, in some, or in none: in the block, in its handlers, and in methods.
pub const LOOPS: &[(&str, &str)] = &[
    (
        "try: an index that one turn in four does not have, and what stays on the stack",
        "INITSLOT 3, 0\nPUSH0\nSTLOC0\nPUSHINT8 30\nPUSHINT8 20\nPUSH10\nPUSH3\nPACK\nSTLOC1\nPUSH0\nSTLOC2\nJMP t\n
         n: TRY c, -\nLDLOC0\nLDLOC1\nLDLOC2\nPUSH4\nMOD\nPICKITEM\nLDLOC2\nMUL\nADD\nSTLOC0\nJMP e\n
         c: DROP\nLDLOC0\nPUSH1\nSUB\nSTLOC0\ne: ENDTRY d\nd: LDLOC2\nINC\nSTLOC2\nt: LDLOC2\nPUSHINT8 40\nLT\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: the exception of an index is kept",
        "INITSLOT 4, 0\nPUSH7\nPUSH9\nPUSH2\nPACK\nSTLOC1\nPUSHINT8 24\nSTLOC2\n
         n: TRY c, -\nLDLOC1\nLDLOC2\nPUSH5\nMOD\nDEC\nPICKITEM\nSTLOC0\nENDTRY d\nc: STLOC3\nENDTRY d\n
         d: LDLOC2\nDEC\nDUP\nSTLOC2\nJMPIF n\nLDLOC0\nLDLOC3\nRET",
    ),
    (
        "try: indices of all sizes",
        "INITSLOT 4, 0\nPUSH7\nPUSH9\nPUSH2\nPACK\nSTLOC1\nPUSH1\nSTLOC2\nPUSH0\nSTLOC0\n
         n: TRY c, -\nLDLOC1\nLDLOC2\nPICKITEM\nDROP\nENDTRY d\nc: SIZE\nLDLOC0\nADD\nSTLOC0\nENDTRY d\n
         d: LDLOC2\nPUSHM1\nMUL\nPUSH7\nMUL\nSTLOC2\nLDLOC2\nABS\nPUSHINT32 2000000000\nJMPLT n\nLDLOC0\nRET",
    ),
    (
        "try: an index beyond 32 bits",
        "INITSLOT 4, 0\nPUSH7\nPUSH9\nPUSH2\nPACK\nSTLOC1\nPUSH1\nSTLOC2\nPUSH0\nSTLOC0\n
         n: TRY c, -\nLDLOC1\nLDLOC2\nPICKITEM\nDROP\nENDTRY d\nc: SIZE\nLDLOC0\nADD\nSTLOC0\nENDTRY d\n
         d: LDLOC2\nPUSHINT8 -77\nMUL\nSTLOC2\nLDLOC2\nABS\nPUSHINT64 1000000000000000000\nJMPLT n\nLDLOC0\nRET",
    ),
    (
        "try: an item stored where there is none",
        "INITSLOT 3, 0\nPUSH7\nPUSH9\nPUSH2\nPACK\nSTLOC1\nPUSHINT8 24\nSTLOC2\nPUSH0\nSTLOC0\n
         n: TRY c, -\nLDLOC1\nLDLOC2\nPUSH3\nMOD\nLDLOC2\nSETITEM\nENDTRY d\nc: DROP\nLDLOC0\nINC\nSTLOC0\nENDTRY d\n
         d: LDLOC2\nDEC\nDUP\nSTLOC2\nJMPIF n\nLDLOC1\nLDLOC0\nRET",
    ),
    (
        "try: a text thrown one turn in three",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSH0\nSTLOC1\nJMP t\n
         n: TRY c, -\nLDLOC1\nPUSH3\nMOD\nPUSH0\nNUMEQUAL\nJMPIFNOT o\nPUSHDATA1 \"third\"\nTHROW\no: LDLOC0\nINC\nSTLOC0\nJMP e\n
         c: DROP\nLDLOC0\nPUSHINT8 100\nADD\nSTLOC0\ne: ENDTRY d\nd: LDLOC1\nINC\nSTLOC1\nt: LDLOC1\nPUSHINT8 30\nLT\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: the counter thrown in each turn",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY c, -\nLDLOC1\nTHROW\nc: LDLOC0\nADD\nSTLOC0\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: other types thrown in other turns",
        "INITSLOT 3, 0\nPUSHINT8 25\nSTLOC1\n
         n: TRY c, -\nLDLOC1\nPUSH4\nMOD\nSTLOC0\nLDLOC0\nPUSH0\nJMPEQ a\nLDLOC0\nPUSH1\nJMPEQ b\nLDLOC0\nTHROW\n
         a: PUSHNULL\nTHROW\nb: PUSHT\nTHROW\nc: STLOC2\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "try: arrays thrown and kept",
        "INITSLOT 3, 0\nPUSHINT8 25\nSTLOC1\nNEWARRAY0\nSTLOC0\n
         n: TRY c, -\nLDLOC1\nLDLOC0\nPUSH2\nPACK\nTHROW\nc: STLOC2\nLDLOC2\nPUSH1\nPICKITEM\nISNULL\nDROP\nENDTRY d\n
         d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "try: an array in itself is thrown",
        "INITSLOT 3, 0\nPUSHINT8 25\nSTLOC1\n
         n: TRY c, -\nNEWARRAY0\nDUP\nDUP\nAPPEND\nTHROW\nc: DROP\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nPUSH1\nRET",
    ),
    (
        "try: finally after each turn",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY -, f\nLDLOC1\nPUSH2\nMOD\nJMPIF o\nLDLOC0\nPUSH3\nADD\nSTLOC0\no: ENDTRY d\nf: LDLOC0\nINC\nSTLOC0\nENDFINALLY\n
         d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: finally that two ways lead to, and from",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY c, f\nLDLOC1\nPUSH2\nMOD\nJMPIF o\nENDTRY d\no: ENDTRY e\nc: DROP\nENDTRY d\nf: LDLOC0\nINC\nSTLOC0\nENDFINALLY\n
         e: LDLOC0\nPUSH10\nADD\nSTLOC0\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: a text caught, and then finally",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY c, f\nLDLOC1\nPUSH3\nMOD\nJMPIF o\nPUSHDATA1 \"three\"\nTHROW\no: ENDTRY d\nc: SIZE\nLDLOC0\nADD\nSTLOC0\nENDTRY d\n
         f: LDLOC0\nPUSHM1\nXOR\nSTLOC0\nENDFINALLY\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: thrown in a catch block, so that finally runs with an exception",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY o, -\nTRY c, f\nPUSH1\nTHROW\nc: PUSH2\nADD\nTHROW\nf: LDLOC0\nINC\nSTLOC0\nENDFINALLY\n
         o: LDLOC0\nADD\nSTLOC0\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: thrown again to the outer block",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY o, -\nTRY c, -\nLDLOC1\nPUSH3\nMOD\nTHROW\nc: DUP\nJMPIF t\nDROP\nENDTRY i\nt: THROW\ni: ENDTRY d\n
         o: LDLOC0\nADD\nSTLOC0\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: nested where only the outer block catches",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY o, -\nTRY -, f\nLDLOC1\nPUSH3\nMOD\nJMPIF t\nPUSH5\nTHROW\nt: ENDTRY e\nf: LDLOC0\nINC\nSTLOC0\nENDFINALLY\ne: ENDTRY d\n
         o: LDLOC0\nADD\nSTLOC0\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: in a finally block",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY -, f\nENDTRY d\nf: TRY c, -\nLDLOC1\nTHROW\nc: LDLOC0\nADD\nSTLOC0\nENDTRY g\ng: ENDFINALLY\n
         d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: a loop in a finally block with an exception",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\nTRY h, -\nTRY -, f\nPUSH1\nTHROW\n
         f: LDLOC1\nn: DUP\nTRY c, -\nPUSH2\nMOD\nJMPIF o\nENDTRY d\nc: DROP\nENDTRY d\no: LDLOC0\nINC\nSTLOC0\nENDTRY d\n
         d: DEC\nDUP\nJMPIF n\nDROP\nENDFINALLY\nh: LDLOC0\nADD\nENDTRY e\ne: RET",
    ),
    (
        "try: an exception in a finally block with an exception",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSH9\nSTLOC1\nTRY h, -\nTRY -, f\nPUSH1\nTHROW\n
         f: TRY c, -\nLDLOC1\nPUSH3\nJMPGT o\nPUSH8\nTHROW\nc: DROP\nENDTRY d\no: LDLOC0\nINC\nSTLOC0\nENDTRY d\n
         d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF f\nENDFINALLY\nh: LDLOC0\nADD\nENDTRY e\ne: RET",
    ),
    (
        "try: a method throws, and its caller catches",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY c, -\nLDLOC1\nCALL m\nLDLOC0\nADD\nSTLOC0\nENDTRY d\nc: LDLOC0\nADD\nSTLOC0\nENDTRY d\n
         d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET\nm: INITSLOT 0, 1\nLDARG0\nPUSH3\nMOD\nJMPIF o\nPUSH7\nTHROW\no: LDARG0\nRET",
    ),
    (
        "try: a recursive method within",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSH8\nSTLOC1\n
         n: TRY c, -\nLDLOC1\nPUSH5\nMOD\nCALL m\nLDLOC0\nADD\nSTLOC0\nENDTRY d\nc: DROP\nENDTRY d\n
         d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET\n
         m: INITSLOT 0, 1\nLDARG0\nPUSH2\nJMPLT o\nLDARG0\nDEC\nCALL m\nLDARG0\nPUSH2\nSUB\nCALL m\nADD\nRET\no: LDARG0\nRET",
    ),
    (
        "try: in a method that is called",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: LDLOC1\nCALL m\nLDLOC0\nADD\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET\n
         m: INITSLOT 1, 1\nTRY c, -\nLDARG0\nPUSH3\nMOD\nJMPIF o\nPUSH7\nTHROW\nc: STLOC0\nENDTRY d\no: LDARG0\nSTLOC0\nENDTRY d\nd: LDLOC0\nRET",
    ),
    (
        "try: a method returns from within",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: LDLOC1\nCALL m\nLDLOC0\nADD\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET\n
         m: INITSLOT 1, 1\nTRY c, -\nLDARG0\nRET\nc: RET",
    ),
    (
        "try: sums that grow beyond 64 bits within",
        "INITSLOT 2, 0\nPUSH3\nSTLOC0\nPUSHINT8 40\nSTLOC1\n
         n: TRY c, -\nLDLOC0\nPUSHINT16 1001\nMUL\nSTLOC0\nLDLOC1\nPUSH7\nMOD\nJMPIF o\nLDLOC0\nTHROW\no: ENDTRY d\n
         c: PUSHINT64 1000000007000\nMOD\nSTLOC0\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: an overflow where either block may run",
        "INITSLOT 2, 0\nPUSHINT64 4611686018427387904\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY c, -\nLDLOC1\nPUSH2\nMOD\nJMPIF e\nPUSH1\nTHROW\nc: DROP\ne: LDLOC0\nLDLOC1\nADD\nLDLOC0\nADD\nDROP\nENDTRY d\n
         d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: thrown where either block may run",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 25\nSTLOC1\n
         n: TRY o, -\nTRY c, -\nLDLOC1\nPUSH2\nMOD\nJMPIF e\nPUSH1\nTHROW\nc: DROP\ne: LDLOC1\nPUSH3\nMOD\nJMPIF x\nLDLOC1\nTHROW\nx: ENDTRY y\ny: ENDTRY d\n
         o: LDLOC0\nADD\nSTLOC0\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "try: a sum that once does not fit is seen by the catch block",
        "INITSLOT 4, 0\nPUSH7\nPUSH9\nPUSH2\nPACK\nSTLOC2\nPUSHINT8 60\nSTLOC1\nPUSH0\nSTLOC0\nPUSH0\nSTLOC3\n
         n: TRY c, -\nLDLOC1\nPUSH3\nNUMEQUAL\nPUSHINT64 9000000000000000000\nMUL\nDUP\nADD\nSTLOC0\nLDLOC2\nLDLOC1\nPICKITEM\nDROP\nENDTRY d\n
         c: DROP\nLDLOC0\nLDLOC3\nADD\nSTLOC3\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC3\nRET",
    ),
    (
        "try: left by a jump, so that blocks pile up",
        "INITSLOT 1, 0\nPUSHINT8 40\nSTLOC0\nn: TRY c, -\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nc: DROP\nPUSH3\nRET",
    ),
    (
        "try: sixteen blocks at once",
        "INITSLOT 1, 0\nPUSHINT8 20\nSTLOC0\nn: TRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\n
         TRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\n
         ENDTRY a\na: ENDTRY b\nb: ENDTRY d\nd: ENDTRY e\ne: ENDTRY f\nf: ENDTRY g\ng: ENDTRY h\nh: ENDTRY i\ni: ENDTRY j\nj: ENDTRY k\nk: ENDTRY l\n
         l: ENDTRY m\nm: ENDTRY o\no: ENDTRY p\np: ENDTRY q\nq: ENDTRY r\nr: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF_L n\nPUSH1\nRET\nc: RET",
    ),
    (
        "try: one block more than is allowed, around the loop",
        "INITSLOT 1, 0\nPUSHINT8 20\nSTLOC0\nTRY_L c, -\nn: TRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\n
         TRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nTRY c, -\nLDLOC0\nPUSH10\nJMPGT x\nTRY c, -\nENDTRY x\nx:\n
         ENDTRY b\nb: ENDTRY d\nd: ENDTRY e\ne: ENDTRY f\nf: ENDTRY g\ng: ENDTRY h\nh: ENDTRY i\ni: ENDTRY j\nj: ENDTRY k\nk: ENDTRY l\n
         l: ENDTRY m\nm: ENDTRY o\no: ENDTRY p\np: ENDTRY q\nq: ENDTRY r\nr: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF_L n\nENDTRY s\ns: PUSH1\nRET\nc: RET",
    ),
    (
        "try: a catch block that the region does not hold",
        "INITSLOT 2, 0\nPUSHINT8 25\nSTLOC0\nPUSH7\nPUSH9\nPUSH2\nPACK\nSTLOC1\n
         n: TRY c, -\nLDLOC1\nLDLOC0\nPUSHINT8 -7\nADD\nPUSH0\nMIN\nPICKITEM\nDROP\nENDTRY d\nd: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nPUSH1\nRET\nc: LDLOC0\nRET",
    ),
    (
        "try: an index that is not there, before a call in the same block",
        "INITSLOT 2, 0\nPUSH7\nPUSH9\nPUSH2\nPACK\nSTLOC0\nPUSHINT8 24\nSTLOC1\n
         n: TRY c, -\nLDLOC0\nPUSH2\nPICKITEM\nCALL m\nDROP\nENDTRY n\n
         c: DROP\nLDLOC0\nPUSH0\nLDLOC1\nSETITEM\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF d\nRET\nd: ENDTRY n\nm: INITSLOT 0, 1\nLDARG0\nINC\nRET",
    ),
    (
        "try: an item stored where there is none, before a call in the same block",
        "INITSLOT 2, 0\nPUSH7\nPUSH9\nPUSH2\nPACK\nSTLOC0\nPUSHINT8 24\nSTLOC1\n
         n: TRY c, -\nLDLOC0\nLDLOC1\nPUSH3\nMOD\nLDLOC1\nSETITEM\nLDLOC1\nCALL m\nDROP\nENDTRY d\n
         c: DROP\nLDLOC0\nPUSH0\nLDLOC1\nSETITEM\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nRET\nm: INITSLOT 0, 1\nLDARG0\nINC\nRET",
    ),
    (
        "try: a remainder with the divisor's sign, behind which the stack is higher than from elsewhere",
        "INITSLOT 1, 0\nPUSHINT8 24\nSTLOC0\nn: TRY x, -\nENDTRY y\nx: DROP\ny: LDLOC0\nDEC\nSTLOC0\nPUSH12\nLDLOC0\nPUSH4\nMOD\nJMPIF m\n
         PUSH16\nPUSH10\nOVER\nMOD\nDUP\nSIGN\nPUSH2\nPICK\nSIGN\nOVER\nNUMNOTEQUAL\nSWAP\nPUSH0\nNUMNOTEQUAL\nBOOLAND\nJMPIFNOT q\nADD\nJMP m\nq: NIP\n
         m: DROP\nLDLOC0\nJMPIF n\nRET",
    ),
    (
        "try: keys that a map does not have, and bytes",
        "INITSLOT 4, 0\nPUSH0\nSTLOC0\nPUSHINT8 24\nSTLOC1\nNEWMAP\nSTLOC2\nLDLOC2\nPUSH3\nPUSH5\nSETITEM\nPUSHDATA1 \"abc\"\nSTLOC3\n
         n: TRY c, -\nLDLOC2\nLDLOC1\nPUSH4\nMOD\nPICKITEM\nLDLOC3\nLDLOC1\nPUSH5\nMOD\nPICKITEM\nADD\nLDLOC0\nADD\nSTLOC0\nENDTRY d\n
         c: SIZE\nLDLOC0\nADD\nSTLOC0\nENDTRY d\nd: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
];
