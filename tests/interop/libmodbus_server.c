/* A Modbus TCP server on libmodbus: an independent peer with known contents in all four tables.
 *
 * Usage: libmodbus_server [PORT]      (port 0 or none: any free one)
 *
 * Prints the port as one line, then takes commands on its standard input, one per line, and
 * answers each with the line `ok`:
 *
 *     stop      close the listener and the connection
 *     start     listen again on the same port
 *     quit      end (so does the end of the input)
 *
 * It serves one connection at a time, as many devices do. Tables hold, from address 0 on:
 *
 *     coils and discrete inputs    50 bits: n % 3 == 0, and n % 7 == 0
 *     holding registers            200: n * 331 mod 65536; then the float 230.1 in the orders
 *                                  abcd, badc, cdab and dcba
 *     input registers              200: 65535 - n
 */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <modbus.h>

enum { BITS = 50, REGISTERS = 200, FLOAT_REGISTERS = 8 };

static modbus_t *context;
static modbus_mapping_t *mapping;
static int listener = -1;
static int connection = -1;

static void fail(const char *what) {
    fprintf(stderr, "%s: %s\n", what, modbus_strerror(errno));
    exit(1);
}

static uint16_t swapped(uint16_t word) {
    return (uint16_t) (word << 8 | word >> 8);
}

static void fill(void) {
    mapping = modbus_mapping_new(BITS, BITS, REGISTERS + FLOAT_REGISTERS, REGISTERS);
    if (mapping == NULL) fail("mapping");
    for (int n = 0; n < BITS; n++) {
        mapping->tab_bits[n] = n % 3 == 0;
        mapping->tab_input_bits[n] = n % 7 == 0;
    }
    for (int n = 0; n < REGISTERS; n++) {
        mapping->tab_registers[n] = (uint16_t) (n * 331);
        mapping->tab_input_registers[n] = (uint16_t) (65535 - n);
    }
    /* Not the encoders for the four orders: what they write changed between versions. */
    uint16_t *at = &mapping->tab_registers[REGISTERS];
    modbus_set_float(230.1f, &at[4]);
    uint16_t low = at[4], high = at[5];
    at[0] = high, at[1] = low;
    at[2] = swapped(high), at[3] = swapped(low);
    at[6] = swapped(low), at[7] = swapped(high);
}

static int port_of(int socket) {
    struct sockaddr_in address;
    socklen_t length = sizeof(address);
    if (getsockname(socket, (struct sockaddr *) &address, &length) != 0) fail("getsockname");
    return ntohs(address.sin_port);
}

static void open_at(int port) {
    context = modbus_new_tcp("127.0.0.1", port);
    if (context == NULL) fail("context");
    listener = modbus_tcp_listen(context, 8);
    if (listener == -1) fail("listen");
}

static void close_all(void) {
    if (connection != -1) close(connection);
    if (listener != -1) close(listener);
    connection = listener = -1;
    modbus_free(context);
}

/* Answers one request, or closes the connection if it has ended. */
static void serve(void) {
    uint8_t request[MODBUS_TCP_MAX_ADU_LENGTH];
    int length = modbus_receive(context, request);
    if (length > 0) {
        modbus_reply(context, request, length, mapping);
    } else if (length == -1) {
        close(connection);
        connection = -1;
    }
}

/* Obeys one line of the input; returns 0 at its end. */
static int obey(int port) {
    char line[64];
    if (fgets(line, sizeof(line), stdin) == NULL || strcmp(line, "quit\n") == 0) return 0;
    if (strcmp(line, "stop\n") == 0) close_all();
    if (strcmp(line, "start\n") == 0) open_at(port);
    puts("ok");
    return 1;
}

int main(int count, char **arguments) {
    setvbuf(stdin, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IOLBF, 0);
    fill();
    open_at(count > 1 ? atoi(arguments[1]) : 0);
    int port = port_of(listener);
    printf("%d\n", port);
    for (;;) {
        struct pollfd ready[] = {
            {.fd = STDIN_FILENO, .events = POLLIN},
            {.fd = connection == -1 ? listener : connection, .events = POLLIN},
        };
        if (poll(ready, 2, -1) == -1) fail("poll");
        if (ready[0].revents != 0 && !obey(port)) return 0;
        if (ready[0].revents != 0 || ready[1].revents == 0) continue;
        if (connection == -1) {
            int accepting = listener;
            connection = modbus_tcp_accept(context, &accepting);
        } else {
            serve();
        }
    }
}
