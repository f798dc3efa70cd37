#!/usr/bin/env python3
"""extract_streams.py CAPTURE.pcap OUT.streams.gz : the bytes of every TCP connection of a capture, each direction by itself.

Format of the result, big-endian, gzip: for each direction that carried bytes, u16 connection number (from 1, in order of their SYNs),
u8 1 when sent by the side that connected and 0 when by the side that accepted, u32 length, the bytes. Ethernet, IPv4, classic pcap.
"""
import gzip
import struct
import sys


def streams(capture):
    assert struct.unpack('<I', capture[:4])[0] in (0xa1b2c3d4, 0xa1b23c4d), 'not a little-endian pcap'
    at, count, result = 24, 0, {}
    current = {}  # (address, port, address, port) of the sender -> its stream
    while at + 16 <= len(capture):
        size = struct.unpack('<I', capture[at + 8:at + 12])[0]
        frame, at = capture[at + 16:at + 16 + size], at + 16 + size
        if frame[12:14] != b'\x08\x00' or frame[23] != 6:
            continue
        tcp = frame[14 + (frame[14] & 15) * 4:14 + struct.unpack('>H', frame[16:18])[0]]
        source, target, sequence = struct.unpack('>HHI', tcp[:8])
        key, back = (frame[26:30], source, frame[30:34], target), (frame[30:34], target, frame[26:30], source)
        syn, ack = tcp[13] & 2, tcp[13] & 16
        if syn:
            if not ack:
                count += 1
            number = count if not ack else current[back]['number']
            current[key] = {'number': number, 'connector': not ack, 'next': (sequence + 1) & 0xffffffff, 'bytes': bytearray(), 'early': {}}
            result[number, not ack] = current[key]
            continue
        stream, data = current.get(key), tcp[(tcp[12] >> 4) * 4:]
        if stream is None or not data:
            continue
        stream['early'].setdefault(sequence, data)
        while stream['next'] in stream['early']:
            piece = stream['early'].pop(stream['next'])
            stream['bytes'] += piece
            stream['next'] = (stream['next'] + len(piece)) & 0xffffffff
    return result


with open(sys.argv[1], 'rb') as file:
    found = streams(file.read())
with open(sys.argv[2], 'wb') as raw, gzip.GzipFile('', 'wb', 9, raw, mtime=0) as out:
    for (number, connector), stream in sorted(found.items(), key=lambda item: (item[0][0], not item[0][1])):
        if stream['bytes']:
            out.write(struct.pack('>HBI', number, 1 if connector else 0, len(stream['bytes'])) + stream['bytes'])
            print(sys.argv[1], number, 'connector' if connector else 'acceptor', len(stream['bytes']))
