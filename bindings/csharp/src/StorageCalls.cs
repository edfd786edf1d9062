using System;
using System.Collections.Generic;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;

namespace Neovm
{
    /// <summary>
    /// Passes the call-backs of one execution on to a storage. No exception leaves a call-back: the first one is kept, and
    /// ends the execution.
    /// </summary>
    sealed unsafe partial class StorageCalls : IDisposable
    {
        const int Failed = -1;

        // The library holds what they point to, so they live as long as the program.
        static readonly neovm_storage_get get = Get;
        static readonly neovm_storage_seek seek = Seek;
        static readonly neovm_storage_next next = Next;
        static readonly neovm_storage_close close = Close;
        static readonly neovm_storage_prefetch prefetch = Prefetch;
        static readonly IntPtr getPointer = Marshal.GetFunctionPointerForDelegate(get);
        static readonly IntPtr seekPointer = Marshal.GetFunctionPointerForDelegate(seek);
        static readonly IntPtr nextPointer = Marshal.GetFunctionPointerForDelegate(next);
        static readonly IntPtr closePointer = Marshal.GetFunctionPointerForDelegate(close);
        static readonly IntPtr prefetchPointer = Marshal.GetFunctionPointerForDelegate(prefetch);

        readonly IStorage storage;
        readonly List<IEnumerator<StorageEntry>> cursors = new List<IEnumerator<StorageEntry>>();
        GCHandle self;
        // What a call-back gives is there, until the next one.
        IntPtr room;
        int roomLength;

        internal StorageCalls(IStorage storage)
        {
            this.storage = storage;
            self = GCHandle.Alloc(this);
        }

        /// <summary>What a call-back threw, if one did.</summary>
        internal ExceptionDispatchInfo Failure { get; private set; }

        internal neovm_storage Table()
        {
            var table = new neovm_storage
            {
                size = (UIntPtr)sizeof(neovm_storage),
                context = (void*)GCHandle.ToIntPtr(self),
                get = (void*)getPointer,
                seek = (void*)seekPointer,
                next = (void*)nextPointer,
                close = (void*)closePointer,
                prefetch = storage is IPrefetchingStorage ? (void*)prefetchPointer : null,
            };
            if (storage is ILedgerStorage)
                AddLookups(&table);
            return table;
        }

        public void Dispose()
        {
            self.Free();
            if (room != IntPtr.Zero)
                Marshal.FreeHGlobal(room);
        }

        static StorageCalls Of(void* context)
        {
            return (StorageCalls)GCHandle.FromIntPtr((IntPtr)context).Target;
        }

        int Fail(Exception exception)
        {
            Failure = Failure ?? ExceptionDispatchInfo.Capture(exception);
            return Failed;
        }

        /// <summary>Copies bytes to where the library finds them.</summary>
        neovm_bytes Keep(ReadOnlySpan<byte> bytes, int at)
        {
            bytes.CopyTo(new Span<byte>((byte*)room + at, roomLength - at));
            return new neovm_bytes { data = (byte*)room + at, length = (UIntPtr)bytes.Length };
        }

        void Reserve(int length)
        {
            if (length <= roomLength)
                return;
            if (room != IntPtr.Zero)
                Marshal.FreeHGlobal(room);
            roomLength = 0;
            room = IntPtr.Zero;
            room = Marshal.AllocHGlobal(Math.Max(length, 1024));
            roomLength = Math.Max(length, 1024);
        }

        static int Get(void* context, byte* key, UIntPtr length, neovm_bytes* value)
        {
            var calls = Of(context);
            try
            {
                ReadOnlyMemory<byte> found;
                if (!calls.storage.TryGet(new ReadOnlySpan<byte>(key, (int)length), out found))
                    return Native.NEOVM_NONE;
                calls.Reserve(found.Length);
                *value = calls.Keep(found.Span, 0);
                return Native.NEOVM_SOME;
            }
            catch (Exception exception)
            {
                return calls.Fail(exception);
            }
        }

        static int Seek(
            void* context, byte* prefix, UIntPtr prefixLength, byte* from, UIntPtr fromLength, uint backward, void** cursor)
        {
            var calls = Of(context);
            try
            {
                var start = from == null ? null : Library.Copy(from, (int)fromLength);
                var entries = calls.storage.Seek(Library.Copy(prefix, (int)prefixLength), start, backward != 0);
                if (entries == null)
                    return Native.NEOVM_NONE;
                int free = calls.cursors.IndexOf(null);
                if (free < 0)
                {
                    free = calls.cursors.Count;
                    calls.cursors.Add(null);
                }
                calls.cursors[free] = entries;
                *cursor = (void*)free;
                return Native.NEOVM_SOME;
            }
            catch (Exception exception)
            {
                return calls.Fail(exception);
            }
        }

        static int Next(void* context, void* cursor, neovm_bytes* key, neovm_bytes* value)
        {
            var calls = Of(context);
            try
            {
                var entries = calls.cursors[(int)cursor];
                if (!entries.MoveNext())
                    return Native.NEOVM_NONE;
                var entry = entries.Current;
                calls.Reserve(entry.Key.Length + entry.Value.Length);
                *key = calls.Keep(entry.Key.Span, 0);
                *value = calls.Keep(entry.Value.Span, entry.Key.Length);
                return Native.NEOVM_SOME;
            }
            catch (Exception exception)
            {
                return calls.Fail(exception);
            }
        }

        static void Close(void* context, void* cursor)
        {
            var calls = Of(context);
            try
            {
                var entries = calls.cursors[(int)cursor];
                calls.cursors[(int)cursor] = null;
                entries.Dispose();
            }
            catch (Exception exception)
            {
                calls.Fail(exception);
            }
        }

        static void Prefetch(void* context, neovm_bytes* keys, UIntPtr count)
        {
            var calls = Of(context);
            try
            {
                var list = new byte[(int)count][];
                for (int i = 0; i < list.Length; i++)
                    list[i] = Library.Copy(keys[i]);
                ((IPrefetchingStorage)calls.storage).Prefetch(list);
            }
            catch (Exception exception)
            {
                calls.Fail(exception);
            }
        }
    }
}
