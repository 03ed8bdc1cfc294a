#!/usr/bin/env node
import '../dist/operator/cli/main.js';
