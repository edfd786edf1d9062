//! Hand-written scripts with loops and calls, each for something that compiled code must get right.

use neovm::types::asm::assemble;

use neovm_testing::Program;

/// The names and the assembly of the scripts.
const SHAPES: &[(&str, &str)] = &[
    ("counts on the stack", "PUSHINT8 40\nn: DEC\nDUP\nJMPIF n\nRET"),
    ("counts in a slot", "INITSLOT 2, 0\nPUSHINT8 40\nSTLOC0\nPUSH0\nSTLOC1\nn: LDLOC1\nLDLOC0\nADD\nSTLOC1\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET"),
    (
        "parts of an integer, as many bytes as it says",
        "INITSSLOT 1\nPUSH1\nSTSFLD0\nPUSHINT8 20\nn: LDSFLD0\nLDSFLD0\nLEFT\nSIZE\nADD\nLDSFLD0\nDUP\nRIGHT\nCONVERT ByteString\nCONVERT Integer\nADD
         LDSFLD0\nDUP\nDUP\nLEFT\nCONVERT ByteString\nEQUAL\nNOT\nASSERT\nPUSH3\nSUB\nDUP\nPUSH0\nJMPGT n\nRET",
    ),
    (
        "items of maps, and at last an integer in place of a map, with a copy of each",
        "INITSLOT 2, 0\nNEWMAP\nNEWMAP\nNEWMAP\nNEWMAP\nNEWMAP\nNEWMAP\nPUSH5\nPUSH7\nPACK\nSTLOC0\nPUSH6\nSTLOC1
         n: LDLOC0\nLDLOC1\nPICKITEM\nDUP\nPUSHDATA1 \"k\"\nPUSH1\nSETITEM\nDROP\nLDLOC1\nDEC\nSTLOC1\nJMP n",
    ),
    (
        "a slot that one block behind a branch takes for a scalar and the other for a wide integer",
        "INITSLOT 3, 0\nPUSHNULL\nSTLOC0\nPUSHINT8 43\nSTLOC1\nPUSH0\nSTLOC2
         a: LDLOC1\nDEC\nSTLOC1\nLDLOC1\nPUSH1\nAND\nJMPIFNOT r\nLDLOC1\nNEGATE\nSTLOC0\nLDLOC1\nPUSH2\nAND\nJMPIFNOT a
         b: LDLOC2\nLDLOC0\nADD\nSTLOC2\nPUSHNULL\nSTLOC0\nLDLOC1\nJMPIF a\nLDLOC2\nRET\nr: PUSHINT128 1180591620717411303424\nSTLOC0\nJMP b",
    ),
    (
        "the same, the other way round",
        "INITSLOT 3, 0\nPUSHNULL\nSTLOC0\nPUSHINT8 43\nSTLOC1\nPUSH0\nSTLOC2
         a: LDLOC1\nDEC\nSTLOC1\nLDLOC1\nPUSH1\nAND\nJMPIFNOT r\nLDLOC1\nNEGATE\nSTLOC0\nLDLOC1\nPUSH2\nAND\nJMPIF a
         b: LDLOC2\nLDLOC0\nADD\nSTLOC2\nPUSHNULL\nSTLOC0\nLDLOC1\nJMPIF a\nLDLOC2\nRET\nr: PUSHINT128 1180591620717411303424\nSTLOC0\nJMP b",
    ),
    (
        "an item on the stack that one block behind a branch takes for a scalar and the other for an integer of 256 bits",
        "INITSLOT 2, 0\nPUSHINT8 43\nSTLOC1\nPUSH0\nSTLOC0\nPUSHNULL
         a: DROP\nLDLOC1\nDEC\nSTLOC1\nLDLOC1\nPUSH1\nAND\nJMPIFNOT r\nLDLOC1\nNEGATE\nLDLOC1\nPUSH2\nAND\nJMPIFNOT c
         b: LDLOC0\nADD\nSTLOC0\nPUSHNULL\nc: LDLOC1\nJMPIF a\nDROP\nLDLOC0\nRET
         r: PUSHINT256 1809251394333065553493296640760748560207343510400633813116524750123642650624\nLDLOC1\nSIGN\nMUL\nJMP b",
    ),
    (
        "nested loops",
        "INITSLOT 3, 0\nPUSH0\nSTLOC2\nPUSH6\nSTLOC0\na: PUSH5\nSTLOC1\nb: LDLOC2\nLDLOC0\nLDLOC1\nMUL\nADD\nSTLOC2\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF b\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF a\nLDLOC2\nRET",
    ),
    (
        "a call in a loop",
        "PUSH0\nPUSHINT8 20\nn: DUP\nCALL f\nROT\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 1, 1\nLDARG0\nLDARG0\nMUL\nSTLOC0\nLDLOC0\nRET",
    ),
    (
        "calls of calls",
        "PUSH0\nPUSH15\nn: DUP\nPUSH3\nCALL f\nROT\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nRET
         f: INITSLOT 1, 2\nLDARG0\nLDARG1\nCALL g\nSTLOC0\nLDLOC0\nLDARG1\nCALL g\nRET
         g: INITSLOT 0, 2\nLDARG1\nLDARG0\nSUB\nRET",
    ),
    (
        "a call of a method without slots",
        "PUSHINT8 20\nn: CALL f\nDEC\nDUP\nJMPIF n\nRET\nf: INC\nDEC\nRET",
    ),
    (
        "a method that gives nothing",
        "INITSSLOT 1\nPUSH0\nSTSFLD0\nPUSHINT8 20\nn: DUP\nCALL f\nDEC\nDUP\nJMPIF n\nDROP\nLDSFLD0\nRET
         f: INITSLOT 0, 1\nLDARG0\nPUSH2\nMOD\nJMPIF o\nRET\no: LDSFLD0\nINC\nSTSFLD0\nRET",
    ),
    (
        "a method that gives a boolean",
        "PUSH0\nPUSHINT8 20\nn: DUP\nCALL f\nJMPIFNOT o\nSWAP\nINC\nSWAP\no: DEC\nDUP\nJMPIF n\nRET
         f: INITSLOT 0, 1\nLDARG0\nPUSH3\nMOD\nPUSH0\nNUMEQUAL\nRET",
    ),
    (
        "a method that gives a boolean or an integer",
        "PUSH0\nPUSHINT8 20\nn: DUP\nCALL f\nROT\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nCALL f\nRET\nf: INITSLOT 0, 1\nLDARG0\nPUSH3\nJMPGT a\nPUSHT\nRET\na: LDARG0\nRET",
    ),
    (
        "a method that gives Null or an integer",
        "PUSH0\nPUSHINT8 20\nn: DUP\nCALL f\nISNULL\nROT\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nCALL f\nRET\nf: INITSLOT 0, 1\nLDARG0\nPUSH3\nJMPGT a\nPUSHNULL\nRET\na: LDARG0\nRET",
    ),
    (
        "fib",
        "PUSH9\nCALL f\nRET\nf: INITSLOT 0, 1\nLDARG0\nPUSH2\nLT\nJMPIF s\nLDARG0\nDEC\nCALL f\nLDARG0\nPUSH2\nSUB\nCALL f\nADD\nRET\ns: LDARG0\nRET",
    ),
    (
        "recursion that hands a boolean down",
        "PUSH10\nCALL f\nRET\nf: INITSLOT 1, 1\nLDARG0\nPUSH0\nGT\nSTLOC0\nLDLOC0\nJMPIFNOT s\nLDARG0\nDEC\nCALL f\nNOT\nRET\ns: PUSHT\nRET",
    ),
    (
        "even and odd",
        "PUSH0\nPUSH9\nn: DUP\nCALL e\nROT\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nRET
         e: INITSLOT 0, 1\nLDARG0\nJMPIF x\nPUSH1\nRET\nx: LDARG0\nDEC\nCALL o\nRET
         o: INITSLOT 0, 1\nLDARG0\nJMPIF y\nPUSH0\nRET\ny: LDARG0\nDEC\nCALL e\nRET",
    ),
    (
        "six arguments",
        "PUSHINT8 20\nn: DUP\nPUSH1\nPUSH2\nPUSH3\nPUSH4\nPUSH5\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET
         f: INITSLOT 2, 6\nLDARG0\nLDARG1\nSUB\nLDARG2\nMUL\nLDARG3\nSUB\nSTLOC1\nLDLOC1\nLDARG4\nMUL\nLDARG5\nADD\nSTARG0\nLDARG0\nRET",
    ),
    (
        "an overflow in a called method",
        "PUSHINT64 4000000000000000000\nPUSH6\nn: SWAP\nDUP\nCALL f\nDROP\nPUSHINT64 1000000000000000000\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nRET
         f: INITSLOT 0, 1\nLDARG0\nPUSH2\nMUL\nRET",
    ),
    (
        "an overflow in a method that is called within a try block",
        "PUSHINT64 4000000000000000000\nTRY c, -\nPUSH6\nn: SWAP\nDUP\nCALL f\nDROP\nPUSHINT64 1000000000000000000\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nDROP\nENDTRY e\nc: ENDTRY e\ne: RET
         f: INITSLOT 0, 1\nLDARG0\nPUSH2\nMUL\nRET",
    ),
    (
        "a method that loads an argument that it does not have",
        "PUSHINT8 20\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 1, 1\nLDARG0\nSTLOC0\nLDARG0\nPUSH5\nJMPEQ x\nLDARG0\nRET\nx: LDARG1\nRET",
    ),
    (
        "a method that stores a local variable that it does not have",
        "PUSHINT8 20\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 1, 1\nLDARG0\nPUSH5\nJMPEQ x\nLDARG0\nRET\nx: LDARG0\nSTLOC1\nLDARG0\nRET",
    ),
    (
        "a method that looks below its arguments",
        "INITSLOT 1, 0\nPUSH0\nSTLOC0\nPUSH9\nPUSHINT8 20\nn: PUSH3\nCALL f\nLDLOC0\nADD\nSTLOC0\nDEC\nDUP\nJMPIF n\nLDLOC0\nRET\nf: INITSLOT 0, 1\nLDARG0\nOVER\nMUL\nRET",
    ),
    (
        "a division by zero in a called method, caught",
        "PUSH5\nn: DUP\nPUSH3\nSUB\nTRY c, -\nCALL f\nDROP\nENDTRY e\nc: DROP\nENDTRY e\ne: DEC\nDUP\nJMPIF n\nRET
         f: INITSLOT 0, 1\nPUSH7\nLDARG0\nDIV\nRET",
    ),
    (
        "a division by zero in a called method, not caught",
        "PUSH9\nn: DUP\nPUSH3\nSUB\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 1, 1\nPUSH7\nSTLOC0\nLDLOC0\nLDARG0\nDIV\nRET",
    ),
    (
        "a throw out of called methods",
        "PUSH7\nn: TRY c, -\nDUP\nCALL f\nDROP\nENDTRY e\nc: DROP\nENDTRY e\ne: DEC\nDUP\nJMPIF n\nRET
         f: INITSLOT 0, 1\nLDARG0\nINC\nCALL g\nRET\ng: INITSLOT 0, 1\nLDARG0\nPUSH2\nMOD\nJMPIF o\nLDARG0\nRET\no: PUSHDATA1 \"odd\"\nTHROW",
    ),
    (
        "try in a loop",
        "PUSHINT8 12\nn: TRY c, f\nDUP\nPUSH3\nMOD\nPUSH1\nSWAP\nDIV\nDROP\nENDTRY e\nc: DROP\nENDTRY e\nf: INC\nDEC\nENDFINALLY\ne: DEC\nDUP\nJMPIF n\nRET",
    ),
    (
        "a loop in a try",
        "PUSH0\nTRY c, -\nPUSHINT8 -30\nn: INC\nPUSH9\nOVER\nDIV\nDROP\nJMP n\nc: DROP\nENDTRY e\ne: RET",
    ),
    (
        "a throw in a loop",
        "PUSHINT8 10\nn: TRY c, -\nDUP\nTHROW\nc: DROP\nENDTRY e\ne: DEC\nDUP\nJMPIF n\nRET",
    ),
    (
        "static fields",
        "INITSSLOT 3\nPUSH0\nSTSFLD0\nPUSHT\nSTSFLD1\nPUSHINT8 25\nn: LDSFLD0\nOVER\nADD\nSTSFLD0\nLDSFLD1\nNOT\nSTSFLD1\nLDSFLD0\nSTSFLD2\nDEC\nDUP\nJMPIF n\nLDSFLD0\nLDSFLD1\nLDSFLD2\nRET",
    ),
    (
        "static fields that hold an array",
        "INITSSLOT 2\nPUSH4\nNEWARRAY\nSTSFLD0\nPUSHINT8 20\nn: LDSFLD0\nOVER\nPUSH4\nMOD\nLDSFLD0\nPUSH0\nPICKITEM\nISNULL\nSETITEM\nLDSFLD0\nSTSFLD1\nDEC\nDUP\nJMPIF n\nLDSFLD1\nRET",
    ),
    (
        "arrays",
        "INITSLOT 2, 0\nPUSH8\nNEWARRAY\nSTLOC0\nPUSH0\nSTLOC1\nn: LDLOC0\nLDLOC1\nLDLOC1\nDUP\nMUL\nSETITEM\nLDLOC1\nINC\nDUP\nSTLOC1\nLDLOC0\nSIZE\nLT\nJMPIF n
         PUSH0\nPUSH0\nSTLOC1\nm: LDLOC0\nLDLOC1\nPICKITEM\nADD\nLDLOC1\nINC\nDUP\nSTLOC1\nPUSH9\nLT\nJMPIF m\nRET",
    ),
    (
        "an array of arrays",
        "INITSLOT 2, 0\nPUSH1\nPUSH2\nPUSH2\nPACK\nPUSH3\nPUSH4\nPUSH2\nPACK\nPUSH2\nPACK\nSTLOC0\nPUSHINT8 15\nSTLOC1\nn: LDLOC0\nLDLOC1\nPUSH2\nMOD\nPICKITEM\nDUP\nPUSH0\nPICKITEM\nLDLOC1\nADD\nOVER\nPUSH1\nROT\nSETITEM\nDROP\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "an array that grows and loses items",
        "NEWARRAY0\nPUSHINT8 25\nn: OVER\nOVER\nAPPEND\nOVER\nSIZE\nPUSH5\nGT\nJMPIFNOT o\nOVER\nPUSH0\nREMOVE\no: DEC\nDUP\nJMPIF n\nRET",
    ),
    (
        "arrays that hold themselves, in a loop",
        "PUSHINT8 20\nn: NEWARRAY0\nDUP\nDUP\nAPPEND\nDUP\nPUSH1\nPACK\nAPPEND\nDEC\nDUP\nJMPIF n\nRET",
    ),
    (
        "structs are copied",
        "NEWARRAY0\nPUSH2\nNEWSTRUCT\nPUSHINT8 15\nn: PUSH2\nPICK\nPUSH2\nPICK\nAPPEND\nOVER\nPUSH1\nPUSH2\nPICK\nSETITEM\nDEC\nDUP\nJMPIF n\nRET",
    ),
    (
        "maps",
        "NEWMAP\nPUSHINT8 20\nn: OVER\nOVER\nPUSH6\nMOD\nPUSH2\nPICK\nSETITEM\nOVER\nPUSH3\nHASKEY\nDROP\nDEC\nDUP\nJMPIF n\nRET",
    ),
    (
        "byte strings",
        "PUSHDATA1 \"\"\nPUSHINT8 15\nn: SWAP\nPUSHDATA1 \"ab\"\nCAT\nDUP\nSIZE\nPUSH10\nGT\nJMPIFNOT o\nPUSH3\nPUSH4\nSUBSTR\nCONVERT ByteString\no: SWAP\nDEC\nDUP\nJMPIF n\nRET",
    ),
    (
        "numbers in a byte string",
        "INITSLOT 3, 1\nPUSHDATA1 0x01ff00806162636465666768\nSTLOC0\nPUSH0\nSTLOC1\nPUSH0\nSTLOC2\nn: LDLOC0\nLDLOC1\nLDLOC2\nPUSH4\nMOD\nSUBSTR\nCONVERT ByteString\nCONVERT Integer\nLDLOC2\nADD\nPUSHINT16 1000\nMOD\nABS\nSTLOC2\n
         LDLOC1\nINC\nDUP\nSTLOC1\nLDLOC0\nSIZE\nLT\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "numbers of all lengths in a buffer",
        "INITSLOT 2, 1\nPUSHINT8 40\nNEWBUFFER\nSTLOC0\nPUSH0\nSTLOC1\nn: LDLOC0\nLDLOC1\nLDLOC1\nSETITEM\nLDLOC0\nPUSH0\nLDLOC1\nSUBSTR\nCONVERT ByteString\nCONVERT Integer\nLDLOC1\nINC\nDUP\nSTLOC1\nPUSHINT8 34\nLT\nJMPIF n\nDEPTH\nRET",
    ),
    (
        "numbers past the end of a byte string, caught",
        "INITSLOT 2, 0\nPUSHDATA1 \"abcdef\"\nSTLOC0\nPUSH5\nSTLOC1\nTRY c, -\nn: LDLOC0\nLDLOC1\nPUSH2\nSUBSTR\nCONVERT ByteString\nCONVERT Integer\nDROP\nLDLOC1\nDEC\nSTLOC1\nJMP n\nc: LDLOC1\nENDTRY e\ne: RET",
    ),
    (
        "a string in a slot that grows",
        "INITSLOT 3, 0\nPUSHDATA1 \"a\"\nSTLOC0\nPUSHINT8 20\nSTLOC1\nPUSH0\nSTLOC2\nn: LDLOC0\nSIZE\nLDLOC2\nADD\nSTLOC2\nLDLOC0\nPUSHDATA1 \"b\"\nCAT\nCONVERT ByteString\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "an index that counts from the end",
        "INITSLOT 3, 0\nPUSHDATA1 \"abcdef\"\nSTLOC0\nPUSHINT8 -6\nSTLOC1\nPUSH0\nSTLOC2\nn: LDLOC0\nLDLOC1\nDUP\nSIGN\nPUSHM1\nJMPNE o\nOVER\nSIZE\nADD\no: PUSH1\nSUBSTR\nCONVERT ByteString\nCONVERT Integer\nLDLOC2\nADD\nSTLOC2\nLDLOC1\nINC\nDUP\nSTLOC1\nPUSH6\nLT\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "signs, compared",
        "INITSLOT 2, 0\nPUSH0\nSTLOC1\nPUSHINT8 12\nSTLOC0\nn: LDLOC0\nPUSH6\nSUB\nDUP\nSIGN\nPUSHM1\nJMPEQ a\nDUP\nSIGN\nPUSH0\nJMPEQ b\nDUP\nSIGN\nPUSH1\nJMPNE c\nDUP\nSIGN\nPUSH0\nGE\nJMPIFNOT c\nLDLOC1\nINC\nSTLOC1\nJMP e\n
         a: LDLOC1\nPUSH2\nADD\nSTLOC1\nJMP e\nb: LDLOC1\nPUSH3\nMUL\nSTLOC1\nJMP e\nc: ABORT\ne: SIGN\nPUSH2\nNUMEQUAL\nJMPIF c\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET",
    ),
    (
        "an array's item that is read before it changes",
        "INITSLOT 3, 0\nPUSH5\nPUSH1\nPACK\nSTLOC0\nPUSHINT8 20\nSTLOC1\nPUSH0\nSTLOC2\nn: LDLOC0\nPUSH0\nPICKITEM\nLDLOC0\nPUSH0\nLDLOC1\nSETITEM\nLDLOC2\nADD\nSTLOC2\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nRET",
    ),
    (
        "a static field that is read before it changes",
        "INITSSLOT 1\nINITSLOT 2, 0\nPUSH5\nSTSFLD0\nPUSHINT8 20\nSTLOC0\nPUSH0\nSTLOC1\nn: LDSFLD0\nLDLOC0\nSTSFLD0\nLDLOC1\nADD\nSTLOC1\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET",
    ),
    (
        "an array's item that is read before a static field changes and a sum gets too wide",
        "INITSSLOT 1\nINITSLOT 4, 0\nPUSHDATA1 \"x\"\nPUSH2\nPUSHT\nPUSH3\nPACK\nSTLOC0\nPUSHINT8 60\nSTLOC1\nPUSH1\nSTLOC2\nPUSH0\nSTSFLD0\nn: LDLOC0\nLDLOC1\nPUSH3\nMOD\nPICKITEM\nLDLOC1\nSTSFLD0\nLDLOC2\nPUSH3\nMUL\nSTLOC2\nSTLOC3\n
         LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC2\nLDLOC3\nLDSFLD0\nRET",
    ),
    (
        "types of compounds",
        "INITSLOT 4, 0\nNEWARRAY0\nSTLOC0\nNEWSTRUCT0\nSTLOC1\nNEWMAP\nSTLOC2\nPUSHINT8 20\nn: PUSH0
         LDLOC0\nISTYPE Array\nADD\nPUSH2\nMUL\nLDLOC0\nISTYPE Struct\nADD\nPUSH2\nMUL\nLDLOC0\nISTYPE Map\nADD\nPUSH2\nMUL
         LDLOC1\nISTYPE Array\nADD\nPUSH2\nMUL\nLDLOC1\nISTYPE Struct\nADD\nPUSH2\nMUL\nLDLOC1\nISTYPE Map\nADD\nPUSH2\nMUL
         LDLOC2\nISTYPE Array\nADD\nPUSH2\nMUL\nLDLOC2\nISTYPE Struct\nADD\nPUSH2\nMUL\nLDLOC2\nISTYPE Map\nADD\nSTLOC3
         DEC\nDUP\nJMPIF n\nLDLOC3\nRET",
    ),
    ("an overflow of a product", "PUSH3\nPUSHINT8 90\nn: SWAP\nPUSH3\nMUL\nSWAP\nDEC\nDUP\nJMPIF n\nRET"),
    ("an overflow of a sum", "PUSHINT64 9223372036854775800\nPUSHINT8 20\nn: SWAP\nINC\nSWAP\nDEC\nDUP\nJMPIF n\nRET"),
    ("wide integers that come back", "PUSHINT64 9223372036854775800\nPUSHINT8 20\nn: SWAP\nPUSH5\nADD\nPUSH5\nSUB\nINC\nSWAP\nDEC\nDUP\nJMPIF n\nRET"),
    ("the least integer", "PUSHINT64 -9223372036854775808\nPUSH12\nn: OVER\nNEGATE\nDROP\nOVER\nABS\nDROP\nOVER\nPUSHM1\nDIV\nDROP\nOVER\nPUSHM1\nMOD\nDROP\nDEC\nDUP\nJMPIF n\nRET"),
    ("too wide for an integer", "PUSH7\nn: DUP\nMUL\nJMP n"),
    ("shifts", "PUSH1\nPUSHINT8 70\nn: SWAP\nPUSH1\nSHL\nDUP\nPUSH2\nSHR\nDROP\nSWAP\nDEC\nDUP\nJMPIF n\nRET"),
    ("shifts by too much", "PUSHINT16 250\nn: PUSH1\nOVER\nSHL\nDROP\nINC\nJMP n"),
    (
        "local variables that are Null",
        "INITSLOT 3, 0\nPUSHINT8 12\nSTLOC0\nn: LDLOC1\nISNULL\nJMPIFNOT o\nLDLOC0\nSTLOC1\nJMP p\no: PUSHNULL\nSTLOC1\np: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nLDLOC2\nRET",
    ),
    // A new local variable is Null, beside which lies what another method left there.
    (
        "Null that is a condition where a loop is entered, in the place of an integer",
        "INITSLOT 4, 0\nPUSHINT16 100\nSTLOC1\nPUSH0\nSTLOC2\nt: TRY c, -\nENDTRY d\nc: DROP\nENDTRY d\nd: PUSH7\nDROP\nPUSHNULL\nNOP\nSTLOC0\nPUSH3\nSTLOC3\nNOP\n
         m: LDLOC0\nJMPIFNOT x\nLDLOC2\nINC\nSTLOC2\nx: LDLOC3\nPUSH2\nMOD\nJMPIF z\nPUSHNULL\nSTLOC0\nJMP w\nz: PUSH1\nSTLOC0\n
         w: LDLOC3\nDEC\nDUP\nSTLOC3\nJMPIF m\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF t\nLDLOC2\nRET",
    ),
    ("Null where an integer is wanted", "INITSLOT 2, 0\nPUSHINT8 12\nSTLOC0\nn: LDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nINC\nRET"),
    (
        "booleans",
        "INITSLOT 2, 0\nPUSHT\nSTLOC0\nPUSHINT8 20\nn: LDLOC0\nNOT\nDUP\nSTLOC0\nLDLOC0\nBOOLAND\nLDLOC0\nBOOLOR\nSTLOC1\nDEC\nDUP\nJMPIF n\nLDLOC1\nRET",
    ),
    ("booleans as numbers", "PUSHT\nPUSHINT8 20\nn: SWAP\nPUSHT\nADD\nPUSHF\nSUB\nSWAP\nDEC\nDUP\nJMPIF n\nRET"),
    (
        "kinds that change",
        "INITSLOT 2, 0\nPUSHINT8 24\nSTLOC0\nn: LDLOC0\nPUSH4\nMOD\nDUP\nPUSH1\nEQUAL\nJMPIF a\nDUP\nPUSH2\nEQUAL\nJMPIF b\nDUP\nPUSH3\nEQUAL\nJMPIF c\nSTLOC1\nJMP e\na: DROP\nPUSHT\nSTLOC1\nJMP e\nb: DROP\nPUSHNULL\nSTLOC1\nJMP e
         c: DROP\nPUSHDATA1 \"x\"\nSTLOC1\ne: LDLOC1\nDROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET",
    ),
    ("a loop entered in the middle", "PUSHINT8 30\nJMP m\nn: PUSH2\nSUB\nm: INC\nDEC\nDUP\nPUSH0\nGT\nJMPIF n\nRET"),
    ("a loop with two ways out", "PUSHINT8 30\nn: DEC\nDUP\nPUSH3\nEQUAL\nJMPIF o\nDUP\nPUSH7\nMOD\nPUSH8\nEQUAL\nJMPIF p\nJMP n\no: PUSH1\nRET\np: PUSH2\nRET"),
    ("a loop whose stack grows", "PUSH0\nn: DUP\nINC\nDUP\nPUSHINT8 30\nLT\nJMPIF n\nDEPTH\nRET"),
    ("a loop whose stack falls", "PUSH1\nPUSH1\nPUSH1\nPUSH1\nPUSH1\nPUSH1\nPUSH1\nPUSH1\nn: ADD\nDEPTH\nPUSH1\nGT\nJMPIF n\nRET"),
    ("DEPTH", "PUSH5\nPUSHINT8 15\nn: DEPTH\nDROP\nDEPTH\nOVER\nADD\nDROP\nDEC\nDUP\nJMPIF n\nRET"),
    ("PICK that is computed", "PUSH11\nPUSH12\nPUSH13\nPUSHINT8 20\nn: DUP\nPUSH3\nMOD\nINC\nPICK\nDROP\nDEC\nDUP\nJMPIF n\nRET"),
    ("PICK past the end", "PUSH11\nPUSHINT8 20\nn: DUP\nPUSH12\nSWAP\nSUB\nPICK\nDROP\nDEC\nDUP\nJMPIF n\nRET"),
    ("ROLL that is computed", "PUSH11\nPUSH12\nPUSH13\nPUSHINT8 20\nn: DUP\nPUSH3\nMOD\nINC\nROLL\nSWAP\nDEC\nDUP\nJMPIF n\nRET"),
    ("XDROP and REVERSEN", "PUSH11\nPUSH12\nPUSH13\nPUSHINT8 20\nn: PUSH4\nREVERSEN\nPUSH4\nREVERSEN\nPUSH9\nPUSH1\nXDROP\nDROP\nPUSH8\nSWAP\nDEC\nDUP\nJMPIF n\nRET"),
    ("PACK and UNPACK", "PUSHINT8 15\nn: PUSH7\nPUSH8\nPUSH2\nPACK\nUNPACK\nDROP\nDROP\nDROP\nDEC\nDUP\nJMPIF n\nRET"),
    (
        "UNPACK of arrays and structs",
        "INITSLOT 2, 0\nPUSH0\nSTLOC0\nPUSHINT8 80\nSTLOC1\nn: LDLOC1\nPUSH2\nPUSH3\nPUSH3\nPACK\nUNPACK\nASSERT\nADD\nADD\nLDLOC0\nADD\nPUSH7\nPUSH1\nPACKSTRUCT\nUNPACK\nADD\nADD\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "UNPACK and PACK of an array in a slot",
        "INITSLOT 2, 0\nPUSH1\nPUSH2\nPUSH2\nPACK\nSTLOC0\nPUSHINT8 80\nSTLOC1\nn: LDLOC0\nUNPACK\nPACK\nDUP\nPUSH1\nLDLOC1\nSETITEM\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET",
    ),
    (
        "UNPACK of an array that grows in the end",
        "INITSLOT 2, 0\nPUSH5\nPUSH6\nPUSH2\nPACK\nSTLOC0\nPUSHINT8 100\nSTLOC1\nn: LDLOC1\nPUSH3\nNUMEQUAL\nJMPIFNOT o\nLDLOC0\nPUSH7\nAPPEND\no: LDLOC0\nUNPACK\nDROP\nSUB\nDROP\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nDEPTH\nRET",
    ),
    (
        "UNPACK of now an array, now a map, now none",
        "INITSLOT 2, 0\nPUSH5\nPUSH6\nPUSH2\nPACK\nSTLOC0\nPUSHINT8 100\nSTLOC1\nn: LDLOC1\nPUSHINT8 40\nNUMEQUAL\nJMPIFNOT o\nPUSH3\nPUSH4\nPUSH1\nPACKMAP\nSTLOC0\no: LDLOC1\nPUSH2\nNUMEQUAL\nJMPIFNOT p\nPUSHDATA1 \"ab\"\nSTLOC0\np: LDLOC0\nUNPACK\nDROP\nDROP\nDROP\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nDEPTH\nRET",
    ),
    ("PACKMAP", "PUSHINT8 15\nn: PUSH7\nPUSH8\nPUSH1\nPACKMAP\nUNPACK\nDROP\nDROP\nDROP\nDEC\nDUP\nJMPIF n\nRET"),
    ("stack words", "PUSH1\nPUSH2\nPUSH3\nPUSH4\nPUSHINT8 20\nn: TUCK\nDROP\nROT\nSWAP\nREVERSE3\nREVERSE4\nOVER\nNIP\nDUP\nDROP\nREVERSE4\nPUSH4\nROLL\nPUSH4\nROLL\nPUSH4\nROLL\nPUSH4\nROLL\nPUSH4\nROLL\nDEC\nDUP\nJMPIF n\nRET"),
    ("copies of an array in slots", "INITSLOT 3, 0\nPUSH3\nNEWARRAY\nSTLOC0\nPUSHINT8 15\nn: LDLOC0\nDUP\nSTLOC1\nSTLOC2\nLDLOC1\nLDLOC2\nEQUAL\nASSERT\nPUSH0\nNEWARRAY\nSTLOC0\nLDLOC1\nSTLOC0\nDEC\nDUP\nJMPIF n\nLDLOC2\nRET"),
    ("arguments that are written", "PUSHINT8 9\nPUSH4\nCALL f\nRET\nf: INITSLOT 0, 2\nn: LDARG0\nLDARG1\nADD\nSTARG0\nLDARG1\nDEC\nDUP\nSTARG1\nJMPIF n\nLDARG0\nRET"),
    ("comparisons and choices", "PUSH0\nPUSHINT8 25\nn: DUP\nPUSH10\nMIN\nOVER\nPUSH12\nMAX\nSUB\nSIGN\nPUSHM1\nPUSH2\nWITHIN\nPUSH3\nPICK\nDROP\nDROP\nDUP\nPUSH5\nMOD\nJMPIFNOT o\nSWAP\nINC\nSWAP\no: DEC\nDUP\nJMPIF n\nRET"),
    ("an assertion that fails in the end", "PUSHINT8 20\nn: DEC\nDUP\nASSERT\nJMP n"),
    ("an index past the end, caught", "INITSLOT 2, 0\nPUSH4\nNEWARRAY\nSTLOC0\nPUSH0\nSTLOC1\nTRY c, -\nn: LDLOC0\nLDLOC1\nPICKITEM\nDROP\nLDLOC1\nINC\nSTLOC1\nJMP n\nc: LDLOC1\nENDTRY e\ne: RET"),
    ("slots that are made in the loop", "PUSHINT8 15\nn: DUP\nCALL f\nDROP\nDEC\nDUP\nJMPIF n\nRET\nf: INITSLOT 3, 1\nLDARG0\nSTLOC2\nLDLOC2\nLDLOC0\nISNULL\nADD\nRET"),
    ("a pointer called in a loop", "PUSHINT8 15\nn: PUSHA f\nCALLA\nDEC\nDUP\nJMPIF n\nRET\nf: INC\nDEC\nRET"),
    ("a jump to a computed end", "PUSHINT8 15\nn: DEC\nDUP\nPUSH0\nJMPGT n\nDUP\nPUSH0\nJMPEQ o\nABORT\no: RET"),
    // What follows PICK is a block that compiled code does not come to.
    (
        "PICK whose count is pushed in two places",
        "PUSH7\nPUSHINT8 40\nn: DUP\nPUSH5\nJMPEQ y\nDUP\nPUSH2\nMOD\nJMPIF w\nPUSH1\nx: PICK\nDROP\nDUP\nPUSH3\nJMPEQ z\nDEC\nDUP\nJMPIF n\nRET
         w: DEC\nDUP\nJMPIF n\nRET\ny: PUSH1\nJMP x\nz: DEC\nJMP n",
    ),
    (
        "PICK whose count is another by the way there",
        "INITSLOT 2, 0\nPUSHINT8 40\nSTLOC0\nPUSH0\nSTLOC1\nPUSH7\nPUSH8\nn: LDLOC0\nPUSH2\nMOD\nJMPIF y\nPUSH1\nx: PICK\nLDLOC1\nADD\nSTLOC1\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nLDLOC1\nRET
         y: PUSH0\nJMP x",
    ),
    (
        "a call of a small method beside a local variable that the frame does not have",
        "PUSHINT8 20\nn: DUP\nCALL f\nDROP\nDUP\nPUSH2\nJMPEQ o\np: DEC\nDUP\nJMPIF n\nRET\no: LDLOC1\nDROP\nJMP p\nf: INITSLOT 0, 1\nLDARG0\nINC\nRET",
    ),
    (
        "methods within one another, the innermost of which leaves 64 bits in the end",
        "INITSLOT 2, 0\nPUSH1\nSTLOC0\nPUSHINT8 50\nSTLOC1\nn: LDLOC0\nPUSH3\nCALL f\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET
         f: INITSLOT 1, 2\nLDARG0\nLDARG1\nCALL g\nSTLOC0\nLDLOC0\nDEC\nRET\ng: INITSLOT 1, 2\nLDARG0\nSTLOC0\nLDARG1\nLDLOC0\nCALL h\nINC\nRET\nh: INITSLOT 0, 2\nLDARG0\nLDARG1\nMUL\nRET",
    ),
    (
        "a small method that fails within a try block, with items below its arguments",
        "PUSHINT8 30\nn: TRY c, -\nPUSH7\nPUSH8\nPUSH2\nPICK\nPUSH5\nMOD\nCALL f\nADD\nADD\nDROP\nENDTRY e\nc: DROP\nENDTRY e\ne: DEC\nDUP\nJMPIF n\nDEPTH\nRET
         f: INITSLOT 2, 1\nPUSHT\nSTLOC1\nPUSH9\nLDARG0\nDIV\nASSERT\nLDARG0\nPUSH3\nSUB\nASSERT\nLDLOC1\nRET",
    ),
    (
        "wide integers as arguments and results of small methods",
        "INITSLOT 2, 0\nPUSHINT128 170141183460469231731687303\nSTLOC0\nPUSHINT8 60\nSTLOC1\nn: LDLOC0\nLDLOC1\nCALL f\nPUSH5\nCALL g\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET
         f: INITSLOT 1, 2\nLDARG1\nPUSH7\nMUL\nSTLOC0\nLDLOC0\nLDARG0\nADD\nRET\ng: INITSLOT 0, 2\nLDARG1\nLDARG0\nDIV\nRET",
    ),
    (
        "arguments from static fields and arrays, and at last a byte string and Null",
        "INITSSLOT 1\nINITSLOT 2, 0\nPUSH5\nPUSH6\nPUSH2\nPACK\nSTLOC0\nPUSH3\nSTSFLD0\nPUSHINT8 40\nSTLOC1\nn: LDSFLD0\nLDLOC0\nPUSH1\nPICKITEM\nLDLOC0\nPUSH0\nPICKITEM\nCALL f\nSTSFLD0\n
         LDLOC1\nPUSH3\nNUMEQUAL\nJMPIFNOT o\nLDLOC0\nPUSH1\nPUSHDATA1 \"a\"\nSETITEM\no: LDLOC1\nPUSH1\nNUMEQUAL\nJMPIFNOT p\nLDLOC0\nPUSH0\nPUSHNULL\nSETITEM\np: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDSFLD0\nRET
         f: INITSLOT 0, 3\nLDARG0\nLDARG1\nXOR\nLDARG2\nADD\nPUSHINT16 1000\nMOD\nRET",
    ),
    (
        "a small method whose local variable is now an integer, now a boolean, now Null",
        "PUSH0\nPUSHINT8 40\nn: DUP\nPUSH3\nMOD\nCALL f\nROT\nADD\nSWAP\nDEC\nDUP\nJMPIF n\nDROP\nRET
         f: INITSLOT 1, 1\nLDARG0\nPUSH1\nJMPLT z\nLDARG0\nPUSH1\nJMPEQ o\nLDARG0\nSTLOC0\nJMP e\no: PUSHT\nSTLOC0\nJMP e\nz: LDLOC0\nISNULL\nJMPIF e\nABORT\ne: LDLOC0\nJMPIFNOT x\nPUSH5\nRET\nx: PUSH2\nRET",
    ),
    (
        "calls of the same small method in a row, and in the condition of a loop",
        "INITSLOT 1, 0\nPUSHINT8 60\nSTLOC0\nn: LDLOC0\nCALL f\nCALL f\nCALL f\nDROP\nLDLOC0\nPUSH2\nCALL g\nDUP\nSTLOC0\nPUSH1\nCALL g\nPUSH0\nGT\nJMPIF n\nLDLOC0\nRET
         f: INITSLOT 0, 1\nLDARG0\nPUSH0\nJMPLT m\nLDARG0\nNEGATE\nRET\nm: LDARG0\nINC\nRET\ng: INITSLOT 0, 2\nLDARG1\nLDARG0\nSUB\nRET",
    ),
    (
        "a method with a loop that calls a small one, called from a loop",
        "INITSLOT 1, 0\nPUSHINT8 20\nSTLOC0\nn: LDLOC0\nCALL f\nDROP\nLDLOC0\nDEC\nDUP\nSTLOC0\nJMPIF n\nRET
         f: INITSLOT 1, 1\nPUSH0\nSTLOC0\nm: LDLOC0\nLDARG0\nCALL g\nSTLOC0\nLDARG0\nDEC\nDUP\nSTARG0\nJMPIF m\nLDLOC0\nRET\ng: INITSLOT 0, 2\nLDARG0\nLDARG1\nADD\nRET",
    ),
    (
        "an argument that was popped from an array, wide at first, and later now and then a byte string",
        "INITSLOT 2, 0\nPUSHINT16 600\nSTLOC1\nn: NEWARRAY0\nDUP\nLDLOC1\nPUSHINT16 400\nJMPGT w\nLDLOC1\nPUSH2\nMOD\nJMPIF w\nPUSHDATA1 \"abcdefgh\"\nJMP z\n
         w: PUSHINT128 1180591620717411303424\nz: APPEND\nPOPITEM\nCALL f\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF n\nLDLOC0\nRET\nf: INITSLOT 0, 1\nLDARG0\nINC\nRET",
    ),
    (
        "a handler that lies before its try block, and that nothing else leads to",
        "JMPGE t\nl: DUP\nh: JMPIF l\nt: TRY h, h\nPICKITEM",
    ),
];

/// Returns all hand-written scripts.
pub(crate) fn shapes() -> Vec<Program> {
    let assembled = |text: &str| assemble(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    SHAPES.iter().map(|(name, text)| Program::new(*name, assembled(text))).collect()
}
