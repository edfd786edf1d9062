using System;
using System.Collections.Generic;
using System.Runtime.InteropServices;
using System.Threading;

namespace Neovm
{
    /// <summary>An object of the library that any thread may use and release.</summary>
    abstract class NativeHandle : SafeHandle
    {
        protected NativeHandle() : base(IntPtr.Zero, true) { }

        public override bool IsInvalid
        {
            get { return handle == IntPtr.Zero; }
        }

        internal ulong Number
        {
            get { return (ulong)handle.ToInt64(); }
            private protected set { handle = new IntPtr((long)value); }
        }

        /// <summary>The number of the object, until <see cref="Release"/>; it is not released meanwhile.</summary>
        internal ulong Acquire()
        {
            bool isAcquired = false;
            DangerousAddRef(ref isAcquired);
            return Number;
        }

        internal void Release()
        {
            DangerousRelease();
        }
    }

    sealed unsafe class EngineHandle : NativeHandle
    {
        internal EngineHandle(neovm_engine_options* options)
        {
            ulong made;
            var message = new neovm_message { size = (UIntPtr)sizeof(neovm_message) };
            NeovmException.Check(Native.neovm_engine_new(options, &made, &message), &message);
            Number = made;
        }

        protected override bool ReleaseHandle()
        {
            return Native.neovm_engine_free(Number) == Native.NEOVM_OK;
        }
    }

    /// <summary>A flag that stops executions.</summary>
    sealed unsafe class InterruptHandle : NativeHandle
    {
        static readonly Action<object> set = interrupt => ((InterruptHandle)interrupt).Set(true);

        internal InterruptHandle()
        {
            ulong made;
            NeovmException.Check(Native.neovm_interrupt_new(&made));
            Number = made;
        }

        internal void Set(bool on)
        {
            var number = Acquire();
            Native.neovm_interrupt_set(number, on ? 1u : 0u);
            Release();
        }

        /// <summary>Sets the flag when the token is cancelled, until what is returned is disposed of.</summary>
        internal CancellationTokenRegistration SetBy(CancellationToken token)
        {
            return token.Register(set, this);
        }

        protected override bool ReleaseHandle()
        {
            return Native.neovm_interrupt_free(Number) == Native.NEOVM_OK;
        }
    }

    /// <summary>A receipt of the library, until it is copied.</summary>
    sealed class ReceiptHandle : NativeHandle
    {
        internal ReceiptHandle(ulong number)
        {
            Number = number;
        }

        protected override bool ReleaseHandle()
        {
            return Native.neovm_receipt_free(Number) == Native.NEOVM_OK;
        }
    }

    /// <summary>Arrays that stay where they are while the library reads them.</summary>
    sealed unsafe class Pins : IDisposable
    {
        List<GCHandle> pins;

        /// <summary>The bytes of an array. Only those of null have a null pointer.</summary>
        internal neovm_bytes Add(byte[] bytes)
        {
            if (bytes == null)
                return new neovm_bytes();
            var pin = GCHandle.Alloc(bytes, GCHandleType.Pinned);
            pins = pins ?? new List<GCHandle>();
            pins.Add(pin);
            return new neovm_bytes { data = (byte*)pin.AddrOfPinnedObject(), length = (UIntPtr)bytes.Length };
        }

        /// <summary>A copy of the bytes of an array, which no other thread changes while they are read more than once.</summary>
        internal neovm_bytes AddCopy(byte[] bytes)
        {
            return Add(bytes == null ? null : (byte[])bytes.Clone());
        }

        /// <summary>The bytes of a text, in UTF-8.</summary>
        internal neovm_bytes Add(string text)
        {
            return Add(text == null ? null : System.Text.Encoding.UTF8.GetBytes(text));
        }

        public void Dispose()
        {
            if (pins == null)
                return;
            foreach (var pin in pins)
                pin.Free();
            pins = null;
        }
    }
}
