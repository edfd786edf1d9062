//! Loops that call methods with other than small values.

/// What each loop finds in its slots: a counter in 1, an array in 2, a map in 3, text in 4, a wide integer in 5, and text
/// in static field 0. Local variable 0 holds the result.
pub const SETUP: &str = "INITSSLOT 2\nPUSHDATA1 \"field\"\nSTSFLD0\nPUSH5\nSTSFLD1\nINITSLOT 7, 0\nPUSH0\nSTLOC0\nPUSHINT8 30\nSTLOC1\n
    PUSH7\nPUSH8\nPUSH9\nPUSH3\nPACK\nSTLOC2\nPUSH5\nPUSH0\nPUSH6\nPUSH1\nPUSH2\nPACKMAP\nSTLOC3\nPUSHDATA1 \"neovm\"\nSTLOC4\n
    PUSHINT128 1000000000000000000000000\nSTLOC5\n";

/// Counts down, and ends the loop that begins at `n`.
pub const END: &str = "d: LDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF_L n\nLDLOC0\nRET\n";

/// Loops: a name, what a turn does, and the methods.
pub const LOOPS: &[(&str, &str, &str)] = &[
    (
        "an item of an array that is handed over",
        "LDLOC1\nPUSH3\nMOD\nLDLOC2\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 0, 2\nLDARG0\nLDARG1\nPICKITEM\nRET",
    ),
    (
        "an array that is changed by a method, and by one that it calls",
        "LDLOC1\nLDLOC2\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 2\nLDARG1\nPUSH0\nLDARG0\nCALL g\nLDARG0\nPUSH1\nPICKITEM\nSTLOC0\nLDARG1\nPUSH1\nLDARG0\nCALL g\nLDLOC0\nRET\n
         g: INITSLOT 0, 3\nLDARG0\nLDARG1\nLDARG2\nSETITEM\nRET",
    ),
    (
        "text that is compared, an element of an array",
        "LDLOC4\nPUSHDATA1 \"other\"\nPUSH2\nPACK\nLDLOC1\nPUSH2\nMOD\nPICKITEM\nCALL f\nJMPIFNOT d\nLDLOC0\nINC\nSTLOC0",
        "f: INITSLOT 0, 1\nLDARG0\nSIZE\nPUSH5\nNUMEQUAL\nLDARG0\nPUSHDATA1 \"neovm\"\nEQUAL\nBOOLAND\nRET",
    ),
    (
        "text that is made and returned",
        "LDLOC4\nCALL f\nSIZE\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 1\nLDARG0\nPUSHDATA1 \" text\"\nCAT\nSTLOC0\nLDLOC0\nRET",
    ),
    (
        "one of three texts",
        "LDLOC1\nCALL f\nPUSHDATA1 \"B\"\nEQUAL\nJMPIFNOT d\nLDLOC0\nINC\nSTLOC0",
        "f: INITSLOT 0, 1\nLDARG0\nPUSH9\nJMPLE a\nPUSHDATA1 \"A\"\nRET\na: LDARG0\nPUSH4\nJMPLE b\nPUSHDATA1 \"B\"\nRET\nb: PUSHDATA1 \"C\"\nRET",
    ),
    (
        "a text that grows in a method",
        "LDLOC4\nCALL f\nSTLOC4\nLDLOC4\nSIZE\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 1\nLDARG0\nSTLOC0\nLDLOC0\nPUSHDATA1 \"+\"\nCAT\nCONVERT ByteString\nSTLOC0\nLDARG0\nPUSHDATA1 \"-\"\nCAT\nCONVERT ByteString\nSTARG0\nLDARG0\nLDLOC0\nCAT\nDROP\nLDLOC0\nRET",
    ),
    (
        "a number from a map, or none",
        "LDLOC1\nPUSH3\nMOD\nLDLOC3\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 0, 2\nLDARG0\nLDARG1\nHASKEY\nJMPIFNOT z\nLDARG0\nLDARG1\nPICKITEM\nRET\nz: PUSH0\nRET",
    ),
    (
        "wide amounts moved between entries of a map",
        "LDLOC1\nLDLOC5\nADD\nPUSH1\nPUSH0\nLDLOC3\nCALL m\nLDLOC0\nADD\nSTLOC0",
        "m: INITSLOT 1, 4\nLDARG1\nLDARG0\nCALL f\nSTLOC0\nLDLOC0\nLDARG3\nLT\nJMPIFNOT o\nLDARG0\nLDARG1\nLDARG3\nSETITEM\nPUSHF\nRET\n
         o: LDARG0\nLDARG1\nLDLOC0\nLDARG3\nSUB\nSETITEM\nLDARG0\nLDARG2\nLDARG2\nLDARG0\nCALL f\nLDARG3\nADD\nSETITEM\nPUSHT\nRET\n
         f: INITSLOT 0, 2\nLDARG0\nLDARG1\nPICKITEM\nRET",
    ),
    (
        "a root of a wide integer, by a method with a loop",
        "LDLOC5\nLDLOC1\nADD\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 2, 1\nLDARG0\nSTLOC0\nLDARG0\nPUSH10\nPUSH13\nPOW\nDIV\nPUSH1\nADD\nSTLOC1\nn2: LDLOC1\nLDLOC0\nLT\nJMPIFNOT e\n
         LDLOC1\nSTLOC0\nLDARG0\nLDLOC1\nDIV\nLDLOC1\nADD\nPUSH2\nDIV\nSTLOC1\nLDLOC1\nPUSH2\nMOD\nJMPIF n2\ne: LDLOC0\nRET",
    ),
    (
        "a method without slots that takes two items and leaves one",
        "LDLOC0\nLDLOC1\nCALL f\nSTLOC0",
        "f: PUSH2\nMUL\nADD\nRET",
    ),
    (
        "a method without slots that asks for a type and a size",
        "LDLOC4\nCALL f\nJMPIFNOT d\nLDLOC1\nCALL f\nJMPIF d\nLDLOC0\nINC\nSTLOC0",
        "f: DUP\nISTYPE ByteString\nJMPIF o\nDROP\nPUSHF\nRET\no: SIZE\nPUSH5\nNUMEQUAL\nRET",
    ),
    (
        "a method without slots that leaves three items",
        "LDLOC2\nCALL f\nDROP\nADD\nLDLOC0\nADD\nSTLOC0",
        "f: DUP\nPUSH0\nPICKITEM\nSWAP\nDUP\nPUSH1\nPICKITEM\nSWAP\nRET",
    ),
    (
        "a method that begins with its loop",
        "LDLOC1\nCALL f\nLDLOC0\nADD\nSTLOC0\nLDLOC1\nCALL g\nLDLOC0\nADD\nSTLOC0",
        "f: DUP\nPUSH3\nJMPLE e\nPUSH3\nSUB\nJMP f\ne: RET\ng: INITSLOT 0, 1\nh: LDARG0\nPUSH3\nSUB\nDUP\nSTARG0\nPUSH3\nJMPGT h\nLDARG0\nRET",
    ),
    (
        "an array that a method makes, and one of its items",
        "LDLOC1\nCALL f\nSTLOC6\nLDLOC6\nPUSH0\nPICKITEM\nLDLOC1\nCALL g\nADD\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 1\nPUSH2\nNEWARRAY\nSTLOC0\nLDLOC0\nPUSH0\nLDARG0\nSETITEM\nLDLOC0\nRET\n
         g: INITSLOT 1, 1\nPUSH1\nNEWARRAY\nSTLOC0\nLDLOC0\nPUSH0\nLDARG0\nSETITEM\nLDLOC0\nPUSH0\nPICKITEM\nRET",
    ),
    (
        "a text that is an item of an array that ends with the method",
        "LDLOC1\nCALL f\nSIZE\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 1\nPUSHDATA1 \"one\"\nPUSHDATA1 \"two\"\nCAT\nPUSH1\nPACK\nSTLOC0\nLDLOC0\nPUSH0\nPICKITEM\nRET",
    ),
    (
        "the same array twice, and what is below it",
        "PUSH7\nLDLOC2\nCALL f\nEQUAL\nNIP\nJMPIFNOT d\nLDLOC0\nINC\nSTLOC0",
        "f: INITSLOT 1, 1\nLDARG0\nPUSH1\nPACK\nSTLOC0\nLDLOC0\nLDLOC0\nRET",
    ),
    (
        "arguments that are replaced, and their last references",
        "NEWARRAY0\nLDLOC1\nPUSH2\nNEWARRAY\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 3\nLDARG0\nSTLOC0\nLDARG2\nSTARG0\nPUSHNULL\nSTARG2\nLDLOC0\nSTARG2\nLDARG2\nSIZE\nLDARG0\nSIZE\nADD\nPUSH5\nSTARG0\nPUSH4\nSTLOC0\nLDARG0\nADD\nLDLOC0\nADD\nRET",
    ),
    (
        "a slot that a loop fills with an item of itself",
        "LDLOC1\nCALL f\nSIZE\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 2, 1\nPUSH3\nNEWARRAY\nPUSH1\nPACK\nPUSH1\nPACK\nSTLOC0\nPUSH2\nSTLOC1\nl: LDLOC0\nPUSH0\nPICKITEM\nSTLOC0\nLDLOC1\nDEC\nDUP\nSTLOC1\nJMPIF l\nLDLOC0\nRET",
    ),
    (
        "a cycle that ends with the method",
        "LDLOC1\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 2, 1\nNEWARRAY0\nSTLOC0\nNEWARRAY0\nSTLOC1\nLDLOC0\nLDLOC1\nAPPEND\nLDLOC1\nLDLOC0\nAPPEND\nLDLOC1\nLDARG0\nAPPEND\nLDLOC1\nSIZE\nRET",
    ),
    (
        "a copy of an item on the stack",
        "LDLOC1\nLDLOC2\nPUSH1\nPACK\nDUP\nCALL f\nSWAP\nSIZE\nADD\nADD\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 0, 1\nLDARG0\nPUSH0\nPICKITEM\nPUSH2\nPICKITEM\nRET",
    ),
    (
        "static fields that are handed over and replaced meanwhile",
        "LDSFLD1\nLDSFLD0\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 2\nLDSFLD0\nSTLOC0\nPUSHDATA1 \"another\"\nSTSFLD0\nLDARG0\nSIZE\nLDLOC0\nSIZE\nADD\nLDARG1\nADD\nLDARG0\nPUSH3\nLEFT\nSTSFLD0\nRET",
    ),
    (
        "arrays handed through four methods, and one that is not inlined",
        "LDLOC2\nCALL a\nLDLOC0\nADD\nSTLOC0",
        "a: INITSLOT 0, 1\nLDARG0\nCALL b\nRET\nb: INITSLOT 1, 1\nLDARG0\nSTLOC0\nLDLOC0\nCALL c\nRET\nc: INITSLOT 0, 1\nLDARG0\nCALL e\nINC\nRET\n
         e: INITSLOT 1, 1\nPUSHDATA1 \"x\"\nSTLOC0\nLDARG0\nCALL g\nLDLOC0\nSIZE\nADD\nRET\ng: INITSLOT 1, 1\nPUSH3\nSTLOC0\nLDARG0\nPUSH0\nPICKITEM\nLDLOC0\nADD\nRET",
    ),
    (
        "an argument that is now an array, now text, now an integer, now Null",
        "LDLOC1\nPUSH4\nMOD\nDUP\nJMPIF o\nDROP\nLDLOC2\nJMP p\no: PUSH1\nJMPEQ q\nLDLOC1\nPUSH5\nJMPLT r\nLDLOC1\nJMP p\nq: LDLOC4\nJMP p\nr: PUSHNULL\np: CALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 1\nLDARG0\nISNULL\nJMPIF z\nLDARG0\nISTYPE Integer\nJMPIF i\nLDARG0\nSTLOC0\nLDLOC0\nSIZE\nRET\ni: LDARG0\nSTLOC0\nLDLOC0\nRET\nz: PUSH0\nRET",
    ),
    (
        "an array that grows in a method until there are too many items",
        "LDLOC2\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 2, 1\nLDARG0\nSIZE\nNEWARRAY\nSTLOC0\nLDARG0\nLDLOC0\nAPPEND\nLDARG0\nDUP\nUNPACK\nPACK\nSTLOC1\nLDARG0\nSIZE\nRET",
    ),
    (
        "an array that is unpacked in a method",
        "LDLOC2\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 1\nLDARG0\nUNPACK\nDROP\nADD\nSWAP\nSTLOC0\nLDLOC0\nADD\nRET",
    ),
    (
        "a power and a root in a method",
        "LDLOC1\nLDLOC5\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 0, 2\nPUSH2\nLDARG1\nPOW\nLDARG0\nSQRT\nADD\nRET",
    ),
    (
        "a method that faults by a type in the last turn",
        "LDLOC1\nDEC\nJMPIF o\nPUSHNULL\nSTLOC2\no: PUSH3\nLDLOC2\nCALL f\nADD\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 1\nPUSHDATA1 \"text\"\nSTLOC0\nLDARG0\nCALL g\nRET\ng: INITSLOT 1, 1\nPUSH1\nPACK\nSTLOC0\nLDLOC0\nPUSH0\nPICKITEM\nSIZE\nRET",
    ),
    (
        "the same, caught by the caller",
        "TRY c, -\nLDLOC4\nLDLOC1\nPUSH4\nMOD\nCALL f\nLDLOC0\nADD\nSTLOC0\nENDTRY d\nc: DROP\nENDTRY d",
        "f: INITSLOT 1, 2\nLDARG1\nPUSHDATA1 \"+\"\nCAT\nSTLOC0\nLDLOC0\nLDARG0\nPUSH2\nSUB\nPUSH3\nSUBSTR\nSIZE\nRET",
    ),
    (
        "what a method throws and the caller catches, one turn in five",
        "TRY c, -\nLDLOC1\nPUSH5\nMOD\nCALL f\nLDLOC0\nADD\nSTLOC0\nENDTRY d\nc: DROP\nLDLOC0\nPUSH10\nADD\nSTLOC0\nENDTRY d",
        "f: INITSLOT 0, 1\nLDARG0\nPUSH0\nJMPGT o\nPUSHDATA1 \"amount\"\nTHROW\no: LDARG0\nPUSH3\nJMPLE p\nPUSHDATA1 \"limit\"\nTHROW\np: LDARG0\nRET",
    ),
    (
        "what two methods leave behind when one throws",
        "TRY c, -\nLDLOC2\nPUSH1\nPACK\nLDLOC1\nCALL f\nDROP\nDROP\nENDTRY d\nc: SIZE\nLDLOC0\nADD\nSTLOC0\nDROP\nDROP\nDROP\nDROP\nENDTRY d",
        "f: INITSLOT 2, 1\nPUSH2\nNEWARRAY\nSTLOC0\nLDLOC0\nLDLOC0\nSTLOC1\nLDLOC1\nPUSH0\nPICKITEM\nLDARG0\nCALL g\nRET\n
         g: INITSLOT 1, 1\nPUSHDATA1 \"a\"\nPUSHDATA1 \"b\"\nCAT\nSTLOC0\nLDLOC0\nLDARG0\nPUSH2\nMOD\nJMPIF t\nLDLOC0\nTHROW\nt: LDLOC0\nLDARG0\nPUSH1\nPACK\nTHROW",
    ),
    (
        "an index that a method does not find, caught by the caller",
        "TRY c, f2\nLDLOC1\nPUSH4\nMOD\nLDLOC2\nCALL f\nLDLOC0\nADD\nSTLOC0\nENDTRY d\nc: DROP\nLDLOC0\nINC\nSTLOC0\nENDTRY d\nf2: LDLOC0\nPUSH2\nADD\nSTLOC0\nENDFINALLY",
        "f: INITSLOT 1, 2\nLDARG0\nPUSH1\nPACK\nSTLOC0\nLDLOC0\nPUSH0\nPICKITEM\nLDARG1\nPICKITEM\nRET",
    ),
    (
        "a method called from a try block, a catch block and a finally block",
        "TRY c, g2\nLDLOC1\nPUSH2\nMOD\nCALL f\nDROP\nENDTRY d\nc: DROP\nPUSH1\nCALL f\nDROP\nENDTRY d\ng2: PUSH2\nCALL f\nLDLOC0\nADD\nSTLOC0\nENDFINALLY",
        "f: INITSLOT 0, 1\nLDARG0\nJMPIF o\nLDARG0\nTHROW\no: LDARG0\nRET",
    ),
    (
        "an exception that goes through a method to an outer try block",
        "TRY a, -\nTRY -, b\nLDLOC1\nPUSH3\nMOD\nCALL f\nDROP\nENDTRY e\nb: LDLOC0\nINC\nSTLOC0\nENDFINALLY\ne: ENDTRY d\na: DROP\nLDLOC0\nPUSH7\nADD\nSTLOC0\nENDTRY d",
        "f: INITSLOT 1, 1\nNEWARRAY0\nSTLOC0\nLDARG0\nCALL g\nRET\ng: INITSLOT 0, 1\nLDARG0\nJMPIF o\nPUSHDATA1 \"no\"\nTHROW\no: LDARG0\nRET",
    ),
    (
        "a method that begins again in the last turn",
        "LDLOC1\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 0, 1\nLDARG0\nPUSH1\nNUMEQUAL\nJMPIFNOT o\nLDARG0\nJMP f\no: LDARG0\nRET",
    ),
    (
        "two maps, one after the other in the same slot",
        "PUSH7\nPUSHDATA1 \"k\"\nPUSH1\nPACKMAP\nLDLOC1\nPUSHDATA1 \"k\"\nPUSH1\nPACKMAP\nCALL f\nCALL f\nLDSFLD1\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 0, 1\nLDARG0\nPUSHDATA1 \"k\"\nPICKITEM\nSTSFLD1\nRET",
    ),
    (
        "two maps, one after the other, where the first method throws",
        "PUSH7\nPUSHDATA1 \"k\"\nPUSH1\nPACKMAP\nLDLOC1\nPUSHDATA1 \"k\"\nPUSH1\nPACKMAP\nTRY c, -\nCALL f\nENDTRY e\nc: STSFLD1\nENDTRY e\ne: CALL g\nLDSFLD1\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 0, 1\nLDARG0\nPUSHDATA1 \"k\"\nPICKITEM\nTHROW\ng: INITSLOT 0, 1\nLDARG0\nPUSHDATA1 \"k\"\nPICKITEM\nSTSFLD1\nRET",
    ),
    (
        "more calls than are inlined",
        "LDLOC2\nCALL f\nLDLOC2\nCALL f\nADD\nLDLOC2\nCALL f\nADD\nLDLOC2\nCALL f\nADD\nLDLOC2\nCALL f\nADD\nLDLOC2\nCALL f\nADD\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 2, 1\nLDARG0\nSTLOC0\nLDLOC0\nPUSH0\nPICKITEM\nLDLOC0\nPUSH1\nPICKITEM\nADD\nLDLOC0\nPUSH2\nPICKITEM\nADD\nPUSH3\nMOD\nSTLOC1\nLDLOC0\nLDLOC1\nPICKITEM\nLDLOC0\nPUSH0\nPICKITEM\nADD\nLDLOC1\nADD\nLDLOC0\nPUSH0\nLDLOC1\nSETITEM\nLDLOC0\nSIZE\nADD\nRET",
    ),
    (
        "what two methods hold when the inner one throws",
        "TRY c, -\nLDLOC1\nCALL f\nLDLOC0\nADD\nSTLOC0\nENDTRY d\nc: DROP\nLDLOC0\nINC\nSTLOC0\nENDTRY d",
        "f: INITSLOT 1, 1\nPUSH2\nNEWARRAY\nSTLOC0\nLDARG0\nCALL g\nRET\n
         g: INITSLOT 1, 1\nPUSH1\nNEWARRAY\nSTLOC0\nLDARG0\nPUSH3\nMOD\nJMPIF o\nPUSHDATA1 \"no\"\nTHROW\no: LDARG0\nRET",
    ),
    (
        "an item of an array whose last reference goes before the item is used",
        "LDLOC1\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 1, 1\nLDARG0\nPUSH1\nPACK\nSTLOC0\nLDLOC0\nPUSH0\nPICKITEM\nPUSH5\nSTLOC0\nLDLOC0\nADD\nRET",
    ),
    (
        "an array that grows, and items that a method makes, until there are too many",
        "LDLOC1\nLDLOC2\nCALL f\nLDLOC0\nADD\nSTLOC0",
        "f: INITSLOT 3, 2\nLDARG0\nLDARG1\nAPPEND\nPUSH12\nNEWARRAY\nSTLOC0\nLDLOC0\nSIZE\nRET",
    ),
];

/// Returns the assembly of a loop.
pub fn text(turn: &str, methods: &str) -> String {
    format!("{SETUP}n: {turn}\n{END}{methods}")
}
