/**
 * The part of the boot ROM that reads the disk, by the bus master of a PIIX3's
 * IDE controller.
 *
 * @module
 */
import { LOW } from "./boot_disk_layout.ts";

const PAGE_SECTORS = 8;
const LONGEST_COMMAND = 0x4000;

/** Where the IDE controller of a PIIX3 is, and its registers there (PCI 0:1.1). */
const PCI_COMMAND = 0x8000_0904;
const PCI_BUS_MASTER = 0x8000_0920;

/** Finds the bus master's registers, and lets it act. */
export const FIND_BUS_MASTER = `
  mov dx, 0xcf8
  mov eax, ${PCI_COMMAND}
  out dx, eax
  mov dl, 0xfc
  mov al, 5
  out dx, al
  mov dl, 0xf8
  mov eax, ${PCI_BUS_MASTER}
  out dx, eax
  mov dl, 0xfc
  in ax, dx
  and al, 0xf0
  mov [bus_master], ax
`;

/** Reads the runs of the table with READ DMA EXT; ESI in the table, EDI memory, EBX sector. */
export const READ_RUNS = `
  mov si, table
run:
  mov edi, [si]
  mov ebx, [si + 4]
  mov ebp, [si + 8]
  add si, 12
  test ebp, ebp
  je loaded
command:
  mov ecx, ebp
  cmp ecx, ${LONGEST_COMMAND}
  jbe fits
  mov ecx, ${LONGEST_COMMAND}
fits:
  sub ebp, ecx
  push si
  mov si, ${LOW.pageList}
  mov ax, cx
page:
  mov edx, ${PAGE_SECTORS}
  cmp ax, dx
  jae whole
  mov dx, ax
whole:
  sub ax, dx
  shl edx, 9
  mov [si], edi
  mov [si + 4], edx
  add edi, edx
  add si, 8
  test ax, ax
  jne page
  or byte [si - 1], 0x80
  pop si
  mov dx, [bus_master]
  mov al, 8
  out dx, al
  inc dx
  inc dx
  mov al, 6
  out dx, al
  inc dx
  inc dx
  mov eax, ${LOW.pageList}
  out dx, eax
  mov dx, 0x1f6
  mov al, 0x40
  out dx, al
  mov dx, 0x1f2
  mov al, ch
  out dx, al
  xor al, al
  inc dx
  out dx, al
  inc dx
  out dx, al
  inc dx
  out dx, al
  mov dx, 0x1f2
  mov al, cl
  out dx, al
  inc dx
  mov eax, ebx
  out dx, al
  inc dx
  shr eax, 8
  out dx, al
  inc dx
  shr eax, 8
  out dx, al
  add ebx, ecx
  mov dx, 0x1f7
  mov al, 0x25
  out dx, al
  mov dx, [bus_master]
  mov al, 9
  out dx, al
  inc dx
  inc dx
wait:
  sti
  hlt
  cli
  in al, dx
  test al, 1
  jne wait
  mov dx, 0x1f7
  in al, dx
  test al, 0x21
  jne failed
  mov dx, [bus_master]
  xor al, al
  out dx, al
  test ebp, ebp
  jne command
  jmp run
failed:
  hlt
  jmp failed
loaded:
`;
