using System;
using System.Runtime.InteropServices;
using System.Text;

namespace Neovm
{
    /// <summary>The native library, <c>libneovm</c>.</summary>
    public static unsafe class Library
    {
        static bool isChecked;

        /// <summary>The version of the ABI that the library was built with.</summary>
        public static int AbiVersion
        {
            get
            {
                try
                {
                    return (int)Native.neovm_abi_version();
                }
                catch (DllNotFoundException missing)
                {
                    throw new DllNotFoundException(
                        "libneovm.so is not found: capi/package.sh DIR builds it, LD_LIBRARY_PATH=DIR/lib leads to it", missing);
                }
            }
        }

        /// <summary>The version of the library, such as 0.1.0.</summary>
        public static string Version
        {
            get { Check(); return Text(Native.neovm_version()); }
        }

        /// <summary>What the library can do.</summary>
        public static Capabilities Capabilities
        {
            get { Check(); return (Capabilities)Native.neovm_capabilities(); }
        }

        /// <summary>Checks once that the library is there and that it knows what this package needs.</summary>
        internal static void Check()
        {
            if (isChecked)
                return;
            if (AbiVersion < Native.NEOVM_ABI_VERSION)
                throw new NeovmException(Status.Size, "libneovm is older than this package: its ABI has version " + AbiVersion);
            isChecked = true;
        }

        /// <summary>What a status means, in a few words.</summary>
        internal static string StatusText(int status)
        {
            return Text(Native.neovm_status_text(status));
        }

        /// <summary>A text that ends with a zero.</summary>
        static string Text(byte* text)
        {
            int length = 0;
            while (text[length] != 0)
                length++;
            return Encoding.UTF8.GetString(text, length);
        }

        /// <summary>A text of the library.</summary>
        internal static string Text(neovm_bytes text)
        {
            return (ulong)text.length == 0 ? "" : Encoding.UTF8.GetString(text.data, (int)text.length);
        }

        /// <summary>A copy of bytes of the library.</summary>
        internal static byte[] Copy(neovm_bytes bytes)
        {
            return Copy(bytes.data, (int)bytes.length);
        }

        /// <summary>A copy of bytes of the library.</summary>
        internal static byte[] Copy(byte* bytes, int length)
        {
            var copy = new byte[length];
            if (length > 0)
                Marshal.Copy((IntPtr)bytes, copy, 0, length);
            return copy;
        }
    }

    /// <summary>What a library can do.</summary>
    [Flags]
    public enum Capabilities : ulong
    {
        /// <summary>Nothing of the following.</summary>
        None = 0,

        /// <summary>Hot scripts are compiled to machine code.</summary>
        Jit = Native.NEOVM_CAP_JIT,

        /// <summary>Signatures are checked by libraries in C and assembly.</summary>
        NativeSignatures = Native.NEOVM_CAP_NATIVE_SIGNATURES,

        /// <summary>There is <see cref="Neovm.Executor"/>.</summary>
        Executor = Native.NEOVM_CAP_EXECUTOR,

        /// <summary>There is <see cref="Neovm.Machine"/>.</summary>
        Machine = Native.NEOVM_CAP_MACHINE,
    }
}
